// Curves of the truth and of the subject around the worst input. Values are drawn in symlog: gradients that
// vanish are what matters there.
const number = (value) => typeof value === "number" ? value : NaN;
const decimals = (value) => value === 0 ? "0" : Math.abs(value) >= 0.01 && Math.abs(value) < 1e4 ? String(+value.toPrecision(3)) : value.toExponential(1);

function curvePlot(closeUp, name) {
  const curve = closeUp.outputs[name], xs = closeUp.x.map(number), truth = curve.truth.map(number), got = curve.got.map(number);
  const f = frame(window.innerWidth < 500 ? 340 : 520, 240, `${name}: truth and subject`, `Around the input ${decimals(closeUp.at)}.`);
  const sizes = truth.concat(got).map(Math.abs).filter((v) => v > 0 && isFinite(v));
  if (sizes.length === 0) return null;
  // Linear below the smallest magnitude of the truth, at most twelve decades below the largest number.
  const unit = Math.max(Math.min(...sizes), Math.max(...sizes) * 1e-12);
  const symlog = (v) => Math.sign(v) * Math.log10(1 + Math.abs(v) / unit);
  const heights = truth.concat(got).filter(isFinite).map(symlog);
  const low = Math.min(...heights), high = Math.max(...heights);
  const first = xs[0], last = xs[xs.length - 1], warped = first * last > 0 ? (v) => Math.sign(first) * Math.log(Math.abs(v)) : (v) => v;
  const x = (v) => f.left + 16 + (f.right - f.left - 16) * (warped(v) - warped(first)) / (warped(last) - warped(first) || 1);
  const y = (v) => f.bottom - (f.bottom - f.top) * (symlog(v) - low) / (high - low || 1);
  f.line(f.left + 16, f.bottom, f.right, f.bottom, "axis");
  f.line(x(closeUp.at), f.top - 4, x(closeUp.at), f.bottom, "threshold");
  for (const v of [first, closeUp.at, last]) f.text(x(v), f.bottom + 14, decimals(v), v === first ? "start" : v === last ? "end" : "middle");
  const extremes = truth.concat(got).filter(isFinite);
  for (const v of [Math.max(...extremes), Math.min(...extremes)]) f.text(f.left + 10, y(v) + 4, decimals(v), "end");
  let path = "", open = false;
  truth.forEach((v, i) => {
    if (isFinite(v)) path += `${open ? "L" : "M"}${x(xs[i]).toFixed(1)} ${y(v).toFixed(1)}`;
    open = isFinite(v);
  });
  got.forEach((v, i) => {
    if (isFinite(v)) f.svg.append(make("circle", { cx: x(xs[i]).toFixed(1), cy: y(v).toFixed(1), r: 2, class: "got" }));
    else f.svg.append(make("text", { x: x(xs[i]).toFixed(1), y: f.top + 2, "text-anchor": "middle" }, Number.isNaN(v) ? "×" : "∞"));
  });
  f.svg.append(make("path", { d: path, class: "truth" }));
  return f.svg;
}

function closeUpFigure(closeUp, wanted) {
  const names = ["loss", wanted !== "loss" ? wanted : Object.keys(closeUp.outputs).find((name) => name.startsWith("grad:"))];
  const plots = names.filter((name) => closeUp.outputs[name]).map((name) => {
    const svg = curvePlot(closeUp, name);
    return svg && make("div", {}, make("p", { class: "hint" }, name), svg);
  }).filter(Boolean);
  if (plots.length === 0) return null;
  const caption = make("figcaption", {}, make("strong", {}, `Around the worst input, ${decimals(closeUp.at)}`),
    make("span", {}, "line: the truth, dots: the subject, × NaN; values on a symmetric log scale"));
  return make("figure", { class: "whole" }, caption, make("div", { class: "pair" }, ...plots));
}
