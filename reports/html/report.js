// The page: what is chosen, the verdict map, and a loss's plots.
const chosen = { subject: 0, loss: 0, output: "loss", dtype: dtypes.length ? dtypes[0].name : "", zoomed: true, ordinary: false };

const keyOf = ({ s, l, o, d }) => `${s}/${l}/${o}/${d}`, cellByKey = new Map(cells.map((cell) => [keyOf(cell), cell]));
const cellAt = (loss, output, dtype) => cellByKey.get(keyOf({ s: chosen.subject, l: loss, o: output, d: dtype }));

function choose(change) {
  Object.assign(chosen, change);
  const outputs = outputsOf(chosen.loss);
  if (!outputs.includes(chosen.output)) chosen.output = outputs[0];
  showMap();
  showLoss();
}

const lossesOfSubject = () => [...new Set(cells.filter((cell) => cell.s === chosen.subject).map((cell) => cell.l))];
const outputsOf = (loss) => [...new Set(cells.filter((cell) => cell.s === chosen.subject && cell.l === loss).map((cell) => cell.o))].sort((a, b) => (b === "loss") - (a === "loss"));

// "6.7e16": as short as a cell on a phone.
const short = (ulp) => ulp === "inf" ? "∞" : ulp.includes("e") ? Number(ulp).toExponential(1).replace("e+", "e") : ulp;

function mapCell(loss, output, dtype) {
  const whole = cellAt(loss, output, dtype), cell = whole && chosen.ordinary ? whole.ordinary : whole;
  if (!cell) return make("td");
  const kind = kinds[cell.k], supported = kind.verdict !== "unsupported", name = losses[loss].name;
  const current = chosen.loss === loss && chosen.output === output && chosen.dtype === dtype;
  const button = make("button", {
    type: "button", class: `cell${kind.fails ? " fails" : ""}`, style: `background:${cellColour(kind)}`, "aria-current": current ? "true" : undefined,
    "aria-label": `${name} ${output || "all"} ${dtype}: ${kind.name}${supported ? `, ${cell.u} ulp` : ""}`,
    click: () => { choose({ loss, output, dtype }); byId("loss").scrollIntoView(); },
  }, supported ? short(cell.u) : "–", supported ? make("small", {}, kind.name) : null);
  return make("td", {}, button);
}

function mapOf(loss) {
  const head = make("tr", {}, make("td"), ...dtypes.map(({ name }) => make("th", { scope: "col" }, name)));
  const rows = outputsOf(loss).map((output) => make("tr", {}, make("th", { scope: "row" }, output.replace("grad:", "∂ ") || "no answer"), ...dtypes.map(({ name }) => mapCell(loss, output, name))));
  return make("table", {}, make("caption", {}, losses[loss].name), make("thead", {}, head), make("tbody", {}, ...rows));
}

function showMap() {
  fill("map-table", ...lossesOfSubject().map(mapOf));
  for (const button of byId("subjects").children) button.setAttribute("aria-pressed", String(button.value === String(chosen.subject)));
  for (const button of byId("inputs").children) button.setAttribute("aria-pressed", String((button.value === "ordinary") === chosen.ordinary));
}

function showLoss() {
  const shown = lossesOfSubject();
  fill("pick-loss", ...shown.map((loss) => option(loss, losses[loss].name)));
  fill("pick-output", ...outputsOf(chosen.loss).map((output) => option(output)));
  byId("pick-loss").value = chosen.loss;
  byId("pick-output").value = chosen.output;
  fill("pick-dtype", ...dtypes.map(({ name }) => make("button", { type: "button", "aria-pressed": String(name === chosen.dtype), click: () => choose({ dtype: name }) }, name)));
  byId("formula").textContent = losses[chosen.loss].formula;
  const cell = cellAt(chosen.loss, chosen.output, chosen.dtype);
  if (!cell || !cell.marks) {
    fill("panel", make("p", { class: "hint" }, `${subjects[chosen.subject].name} does not compute this in ${chosen.dtype}.`));
    return;
  }
  const here = (one) => one.s === chosen.subject && one.l === chosen.loss && one.d === chosen.dtype;
  const precision = dtypes.find(({ name }) => name === chosen.dtype).precision;
  const worst = causes.filter((cause) => here(cause) && cause.o === chosen.output);
  const zoom = make("button", { type: "button", "aria-pressed": String(chosen.zoomed), click: () => choose({ zoomed: !chosen.zoomed }) }, "|x| ≤ 128");
  const closeUp = closeUps.find(here);
  fill("panel", make("div", { class: "plots" },
    make("figure", {}, make("figcaption", {}, make("strong", {}, "Error in ulp over the prediction"),
      make("span", {}, `${plain(cell.failed)} of ${plain(cell.judged)} elements fail; rings: the worst of each cause`), zoom), errorPlot(cell, precision, worst, chosen.zoomed)),
    make("figure", {}, make("figcaption", {}, make("strong", {}, "Findings by error in ulp"), make("span", {}, "log scale; each the worst element of its verdict in a problem")), histogram(cell)),
    closeUp && closeUpFigure(closeUp, chosen.output)));
}

function baselineHeadline() {
  const { baseline } = data;
  if (!baseline) return "";
  const words = [["worse", baseline.worse], ["gone", baseline.gone], ["new", baseline.new], ["better", baseline.better]].filter(([, count]) => count);
  return make("div", { class: "headline" }, make("p", { class: "name" }, `beside ${baseline.file}`),
    make("b", {}, baseline.worse ? `${plain(baseline.worse)} worse` : "Nothing is worse"),
    make("p", {}, `${words.map(([word, count]) => `${plain(count)} rows ${word}, `).join("")}${plain(baseline.same)} as they were`),
    ...baseline.worst.map((line) => make("p", {}, make("code", {}, line))));
}

function showHeadlines() {
  fill("headlines", ...subjects.filter((subject) => !subject.pitfall).map((subject) => {
    const here = causes.filter((cause) => subjects[cause.s] === subject), unseen = here.filter((cause) => !cause.seen).length;
    const judged = subject.passed + subject.failed, trains = here.filter((cause) => cause.impact === "trains wrong").length;
    const known = subject.known === 0 ? "" : subject.known === subject.failed ? ", all of them known" : `, ${plain(subject.known)} of them known`;
    const said = here.length ? `, from ${plain(here.length)} causes: ${plain(trains)} train wrong, assert_close does not see the worst of ${plain(unseen)}` : "";
    return make("div", { class: "headline" }, make("p", { class: "name" }, `${subject.name} ${subject.version}`),
      make("b", {}, subject.failed === 0 ? "Nothing fails" : `${plain(subject.failed)} fail`),
      make("p", {}, `of ${plain(judged)} output elements${known}${said}`));
  }), baselineHeadline(), data.run.interrupted ? make("p", { class: "note" }, "Interrupted: this is what was found until then.") : "");
}

function showRun() {
  const { program, command, selection, cpu, problems } = data.run;
  const items = { program, command, selection, problems: plain(problems), CPU: cpu };
  for (const subject of subjects.filter((one) => !one.pitfall)) items[subject.name] = subject.version;
  fill("provenance", ...Object.entries(items).flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, name === "command" ? make("code", {}, value) : value)]));
  const verdicts = kinds.map((kind) => kind.verdict).filter((verdict, i, all) => all.indexOf(verdict) === i);
  const head = make("tr", {}, make("th", { scope: "col" }, "subject"), ...verdicts.map((verdict) => make("th", { scope: "col" }, verdict)), make("th", { scope: "col" }, "mistrusted"));
  fill("counts", make("table", {}, make("thead", {}, head), make("tbody", {}, ...subjects.map((subject) => make("tr", {}, make("th", { scope: "row" }, subject.name),
    ...verdicts.map((verdict) => make("td", {}, plain(subject.elements[verdict] || 0))), make("td", {}, plain(subject.mistrusted)))))));
}

function setTheme(theme) { document.documentElement.dataset.theme = theme; }

function setUp() {
  const asked = new URLSearchParams(location.search).get("theme");
  setTheme(asked || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"));
  byId("theme").addEventListener("click", () => setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
  for (const button of byId("inputs").children) button.addEventListener("click", () => choose({ ordinary: button.value === "ordinary" }));
  if (subjects.length > 1) {
    fill("subjects", ...subjects.map((subject, i) => make("button", { type: "button", value: i, class: subject.pitfall && "pitfall", title: subject.pitfall && "a form that practice warns against: it counts in nothing", click: () => choose({ subject: i, loss: cells.find((cell) => cell.s === i)?.l ?? 0 }) },
      subject.name)));
  }
  const meant = [...new Map(kinds.map((kind) => [kind.verdict, kind])).values()];
  fill("legend", ...meant.map((kind) => make("li", {}, make("i", { style: `background:${cellColour(kind)}` }), kind.verdict)));
  byId("pick-loss").addEventListener("change", (event) => choose({ loss: Number(event.target.value) }));
  byId("pick-output").addEventListener("change", (event) => choose({ output: event.target.value }));
  showHeadlines();
  showRun();
  setUpCauses();
  if (cells.length === 0) return;
  // To begin with, the failing output of which there is most to see.
  const marks = (cause) => cellByKey.get(keyOf(cause))?.marks?.length ?? 0;
  const first = causes.reduce((best, cause) => best && marks(best) >= marks(cause) ? best : cause, undefined);
  choose(first ? { subject: first.s, loss: first.l, output: first.o, dtype: first.d } : { subject: cells[0].s, loss: cells[0].l, dtype: cells[0].d });
}

setUp();
