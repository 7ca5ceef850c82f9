// The list of causes: filter, sort, and a command to copy for each.
const filters = byId("filters").elements, page = 50;
let shownCauses = page;

const counted = (count, noun) => `${plain(count)} ${noun}${count === 1 ? "" : "s"}`;

function reproBox(line, subject, label) {
  const command = `exactloss run '${line}'${subject === "libtorch" ? "" : ` --subject '${subject.replaceAll("'", "'\\''")}'`}`;
  return make("div", { class: "repro" }, make("div", { class: "line", tabindex: "0", role: "group", "aria-label": label }, line), copyButton(command));
}

// The simplest line; the worst, where it is another, on demand.
function repro(cause, subject) {
  const worst = cause.length
    ? make("p", {}, `Its line has ${plain(cause.length)} characters; it stands in report.json: `, make("code", {}, `${cause.line.slice(0, 100)}…`))
    : reproBox(cause.line, subject, "Repro line");
  if (!cause.simplest) return [worst];
  const more = make("details", {}, make("summary", {}, "the problem of the worst element"));
  more.addEventListener("toggle", () => { if (more.children.length === 1) more.append(worst); });
  return [reproBox(cause.simplest, subject, "Simplest repro line"), more];
}

function causeItem(cause) {
  const kind = kinds[cause.k], subject = subjects[cause.s].name, trains = cause.impact === "trains wrong";
  const tag = (text, style) => text && make("span", { class: `tag ${style}` }, text);
  const head = make("div", { class: "head" }, make("b", {}, `${losses[cause.l].name} ${cause.o}`), tag(kind.name, "kind"),
    tag(cause.impact, trains ? "trains" : "plain"), make("span", { class: "hint" }, `${cause.d}, ${subject}`),
    tag(!cause.seen && "assert_close passes", "plain"), tag(cause.known && `known: ${cause.known}`, "plain"),
    make("span", { class: "ulp" }, cause.u === "-" ? "" : `${cause.u} ulp`));
  const what = make("p", {}, `It ${kind.meaning}: ${counted(cause.elements, "element")} in ${counted(cause.problems, "problem")}. `,
    "At worst ", make("span", { class: "number" }, cause.got), " for ", make("span", { class: "number" }, cause.want), ".",
    cause.size && cause.size !== "inf" && ` That is off by ${cause.size} times what an ordinary batch has there.`, cause.message && ` ${cause.message}`);
  return make("li", { class: `cause ${kind.verdict}` }, head, what, ...repro(cause, subject));
}

const orders = {
  worst: () => 0,  // as they come
  impact: (a, b) => (b.impact === "trains wrong") - (a.impact === "trains wrong") || (b.sizeCode ?? -1e9) - (a.sizeCode ?? -1e9),
  elements: (a, b) => b.elements - a.elements,
  loss: (a, b) => a.l - b.l,
};

function selectedCauses() {
  const words = filters.text.value.toLowerCase().split(/\s+/).filter(Boolean);
  return causes.filter((cause) => {
    if (filters.kind.value && kinds[cause.k].name !== filters.kind.value) return false;
    if (filters.dtype.value && cause.d !== filters.dtype.value) return false;
    if (filters.impact.value && cause.impact !== filters.impact.value) return false;
    if (filters.unseen.checked && cause.seen) return false;
    if (filters.unknown.checked && cause.known) return false;
    if (words.length === 0) return true;
    cause.text ??= `${subjects[cause.s].name} ${losses[cause.l].name} ${cause.o} ${cause.d} ${kinds[cause.k].name} ${cause.known ?? ""} ${cause.simplest ?? ""} ${cause.line}`.toLowerCase();
    return words.every((word) => cause.text.includes(word));
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
