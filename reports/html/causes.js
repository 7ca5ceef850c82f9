// The list of causes: filter, sort, and a command to copy for each.
const filters = byId("filters").elements, page = 50;
let shownCauses = page;

function causeItem(cause) {
  const kind = kinds[cause.k], subject = subjects[cause.s].name;
  const command = `exactloss run '${cause.line}'${subject === "libtorch" ? "" : ` --subject '${subject.replaceAll("'", "'\\''")}'`}`;
  const head = make("div", { class: "head" }, make("b", {}, `${losses[cause.l].name} ${cause.o}`),
    make("span", { class: "tag kind" }, kind.name), make("span", { class: "hint" }, `${cause.d}, ${subject}`),
    cause.seen ? null : make("span", { class: "tag unseen" }, "assert_close passes"),
    make("span", { class: "ulp" }, cause.u === "-" ? "" : `${cause.u} ulp`));
  const what = make("p", {}, `It ${kind.meaning}: ${plain(cause.elements)} element${cause.elements === 1 ? "" : "s"} in ${plain(cause.problems)} problem${cause.problems === 1 ? "" : "s"}. `,
    "Got ", make("span", { class: "number" }, cause.got), ", want ", make("span", { class: "number" }, cause.want), ".",
    cause.message ? ` ${cause.message}` : "");
  const repro = cause.length
    ? make("p", {}, `Its line has ${plain(cause.length)} characters; it stands in report.json: `, make("code", {}, `${cause.line.slice(0, 100)}…`))
    : make("div", { class: "repro" }, make("div", { class: "line", tabindex: "0", role: "group", "aria-label": "Repro line" }, cause.line), copyButton(command));
  return make("li", { class: `cause ${kind.verdict}` }, head, what, repro);
}

const orders = {
  worst: () => 0,  // as they come
  elements: (a, b) => b.elements - a.elements,
  loss: (a, b) => a.l - b.l,
};

function selectedCauses() {
  const words = filters.text.value.toLowerCase().split(/\s+/).filter(Boolean);
  return causes.filter((cause) => {
    if (filters.kind.value && kinds[cause.k].name !== filters.kind.value) return false;
    if (filters.dtype.value && cause.d !== filters.dtype.value) return false;
    if (filters.unseen.checked && cause.seen) return false;
    const text = `${subjects[cause.s].name} ${losses[cause.l].name} ${cause.o} ${cause.d} ${kinds[cause.k].name} ${cause.line}`.toLowerCase();
    return words.every((word) => text.includes(word));
  }).sort(orders[filters.sort.value]);
}

function showCauses() {
  const selected = selectedCauses();
  fill("list", ...selected.slice(0, shownCauses).map(causeItem));
  byId("shown").textContent = causes.length === 0 ? "Nothing fails." : `${plain(selected.length)} of ${plain(causes.length)} causes`;
  byId("more").hidden = selected.length <= shownCauses;
}

function setUpCauses() {
  const present = [...new Set(causes.map((cause) => kinds[cause.k].name))];
  filters.kind.append(option("", "all"), ...present.map((name) => option(name)));
  filters.dtype.append(option("", "all"), ...dtypes.map(({ name }) => option(name)));
  byId("filters").addEventListener("input", () => { shownCauses = page; showCauses(); });
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("more").addEventListener("click", () => { shownCauses += 4 * page; showCauses(); });
  showCauses();
}
