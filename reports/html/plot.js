// The error over the input line, and how often it has which size. Columns and ulp codes are those of the data:
// a column is a quarter of an octave of the input, a code is 100 log10(ulp).
const { perOctave, linear, infinite } = data.columns;
const columnOf = (x) => x === 0 ? 0 : Math.sign(x) * Math.max(0, 1 + perOctave * (Math.log2(Math.abs(x)) - linear));
const power = (exponent) => String(exponent).replace(/[-\d]/g, (c) => c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]);
const inputText = (x) => Math.abs(x) >= 0.01 && Math.abs(x) < 1e5 ? String(+x.toPrecision(3)) : x.toExponential(1);

// A frame of plot coordinates with its axes; `x` and `y` map data to it.
function frame(width, height, title, desc) {
  const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" }, make("title", {}, title), make("desc", {}, desc));
  const text = (x, y, label, anchor = "middle") => svg.append(make("text", { x, y, "text-anchor": anchor }, label));
  const line = (x1, y1, x2, y2, kind) => svg.append(make("line", { x1, y1, x2, y2, class: kind }));
  return { svg, text, line, width, height, left: 44, right: width - 12, top: 16, bottom: height - 26 };
}

function marksOf(cell) {
  const marks = [];
  for (let i = 0; i < (cell.marks || []).length; i += 3) {
    marks.push({ column: cell.marks[i], code: cell.marks[i + 1], kind: kinds[cell.marks[i + 2]] });
  }
  return marks;
}

// Ticks of the input axis: 0 and powers of ten or two, as many as fit.
function inputTicks(most) {
  const ticks = [0];
  const decades = Math.log10(2) * (linear + most / perOctave);
  const step = Math.max(1, Math.ceil((decades + 3) / 5));
  for (let e = 0; e <= decades; e += step) ticks.push(10 ** e, -(10 ** e));
  return ticks;
}

function errorPlot(cell, precision, worst, zoomed) {
  const narrow = window.innerWidth < 500, f = frame(narrow ? 340 : 720, narrow ? 260 : 320,
    "Error over the input line", `The largest error in ulp in each quarter octave of the input: ${cell.u} at worst.`);
  const limit = zoomed ? columnOf(128) : infinite;
  const marks = marksOf(cell).filter((mark) => Math.abs(mark.column) <= limit);
  const finite = marks.filter((mark) => Math.abs(mark.column) < infinite);
  const most = Math.max(20, ...finite.map((mark) => Math.abs(mark.column)));
  const least = finite.some((mark) => mark.column < 0) ? -most : 0;
  // Beyond the scale lie the lanes of no error, of more than all digits (an infinity is 10^300 ulp of a small number), and of no finite one.
  const highest = 100 * precision * Math.log10(2) + 100, lowest = -200, lane = 16;
  const x = (column) => Math.abs(column) >= infinite ? (column < 0 ? f.left + 4 : f.right - 4)
    : f.left + 14 + (f.right - f.left - 28) * (column - least) / (most - least);
  const y = (code) => code === data.ulps.infinite ? f.top : code > highest ? f.top + lane : code <= lowest ? f.bottom - 4
    : f.bottom - lane - (f.bottom - f.top - 3 * lane) * (code - lowest) / (highest - lowest);

  const taken = [];
  for (const tick of inputTicks(most)) {
    const at = x(columnOf(tick));
    if (at < f.left || at > f.right || taken.some((other) => Math.abs(other - at) < 34)) continue;
    taken.push(at);
    f.line(at, f.top - 6, at, f.bottom, "grid");
    f.text(at, f.bottom + 14, tick === 0 ? "0" : `${tick < 0 ? "−" : ""}10${power(Math.round(Math.log10(Math.abs(tick))))}`);
  }
  const every = Math.max(1, Math.ceil(highest / 100 / (narrow ? 5 : 7)));
  for (let e = 0; 100 * e <= highest; e += every) f.text(f.left - 6, y(100 * e) + 4, e === 0 ? "1" : `10${power(e)}`, "end");
  f.text(f.left - 6, f.bottom, "0", "end");
  f.text(f.left - 6, f.top + 4, "∞", "end");
  f.text(f.left - 6, f.top + lane + 4, "more", "end");
  const thresholds = [[100 * Math.log10(0.5), narrow ? "" : "½: correctly rounded"], [50 * precision * Math.log10(2), "half of the digits lost"],
    [100 * precision * Math.log10(2), "all digits lost"]];
  for (const [code, label] of thresholds) {
    f.line(f.left, y(code), f.right, y(code), "threshold");
    f.text(f.right, y(code) - 4, label, "end");
  }
  f.line(f.left, f.bottom, f.right, f.bottom, "axis");
  for (const { column, code, kind } of marks.sort((a, b) => a.kind.fails - b.kind.fails)) {
    const input = Math.abs(column) >= infinite ? (column < 0 ? "-inf" : "inf") : column === 0 ? "≈ 0"
      : `≈ ${inputText(Math.sign(column) * 2 ** (linear + (Math.abs(column) - 0.5) / perOctave))}`;
    const ulp = code === data.ulps.infinite ? "no finite error" : code === data.ulps.zero ? "0 ulp" : `${inputText(10 ** (code / 100))} ulp`;
    f.svg.append(make("circle", { cx: x(column).toFixed(1), cy: y(code).toFixed(1), r: kind.fails ? 3.2 : 2.4, fill: markColour(kind) },
      make("title", {}, `input ${input}: ${ulp}, ${kind.name}`)));
  }
  for (const { column, code } of worst) {
    if (column === undefined || Math.abs(column) > limit) continue;
    f.svg.append(make("circle", { cx: x(column), cy: y(code), r: 6.5, class: "worst" }));
  }
  return f.svg;
}

const binName = (i) => i === 0 ? "0" : i === data.bins.length ? "more" : i < 3 ? `≤ ${data.bins[i]}` : `≤ 10${power(Math.log10(data.bins[i]))}`;

function histogram(cell) {
  const bins = cell.bins || [], total = bins.reduce((a, b) => a + b, 0), f = frame(340, 320, "Findings by the size of their error",
    bins.map((count, i) => `${binName(i)} ulp: ${count}`).join("; "));
  const step = (f.bottom - f.top + 10) / bins.length, most = Math.log1p(Math.max(1, ...bins));
  bins.forEach((count, i) => {
    const y = f.top - 6 + i * step, length = (f.right - 120) * Math.log1p(count) / most;
    f.text(58, y + step / 2 + 4, binName(i), "end");
    f.svg.append(make("rect", { x: 66, y: y + 3, width: Math.max(length, count ? 2 : 0), height: step - 6, rx: 2,
      fill: i < 2 ? "var(--mark-pass)" : i < 3 ? "var(--mark-stable)" : i < 6 ? "var(--mark-inaccurate)" : "var(--mark-divergent)", opacity: 0.85 }));
    if (count) f.text(72 + length, y + step / 2 + 4, `${plain(count)} (${(100 * count / total).toFixed(count === total ? 0 : 1)} %)`, "start");
  });
  return f.svg;
}
