#!/usr/bin/env python3
"""Writes docs/accuracy.md and docs/accuracy.svg: the worst known error of every loss, dtype and subject.

    docs/accuracy.py REPORT.json CERTIFICATE.json...

`./dev accuracy` makes the report, an audit of all subjects, and runs this.
"""
import json
import math
import pathlib
import sys

DOCS = pathlib.Path(__file__).resolve().parent
DTYPES = ("f64", "f32", "bf16", "f16")
PARTS = ("value", "gradient")
LONGEST = 160
COLOURS = {"LibTorch 2.13.0": "#d62728", "LibTorch 1.13.1": "#ff9e4a", "fast": "#1f77b4", "exact": "#2ca02c", "naive forms": "#8c8c8c"}


def column_of(subject):
    """The column of a subject, as the table names it."""
    name = subject["name"]
    if name.startswith("libtorch"):
        return f"LibTorch {subject['version']}"
    return "naive forms" if name.startswith("naive/") else name.rsplit("/", 1)[-1]


def part_of(output):
    return "gradient" if output.startswith("grad:") else "value"


def is_simpler(line, than):
    return ("inf" in line or "nan" in line, len(line)) < ("inf" in than or "nan" in than, len(than))


class Cell:
    """What is known of one loss, part, dtype and column."""

    def __init__(self):
        self.ulp = -1.0  # the largest finite error; none: nothing was computed
        self.line = self.fill = self.subject = ""
        self.without_size = {}  # class: its simplest line and the fill; NaN, infinities, refusals

    def add(self, ulp, line, row, kind):
        ulp = float(ulp)
        if not math.isfinite(ulp):
            if kind not in self.without_size or is_simpler(line, self.without_size[kind][0]):
                self.without_size[kind] = (line, row["fill"])
        elif ulp > self.ulp or (ulp == self.ulp and is_simpler(line, self.line)):
            self.ulp, self.line, self.fill, self.subject = ulp, line, row["fill"], row["subject"]

    def text(self):
        parts = [f"≥ {number(self.ulp)}"] if self.ulp >= 0 else []
        return ", ".join(parts + sorted(self.without_size)) or "-"


def number(ulp):
    return f"{ulp:.2f}" if ulp < 10 else f"{ulp:.3g}"


def read(report):
    """Cells by (loss, part, dtype, column), and the columns and losses in order."""
    subjects = {subject["name"]: column_of(subject) for subject in report["run"]["subjects"]}
    cells = {}
    for row in report["rows"]:
        cell = cells.setdefault((row["loss"], part_of(row["output"]), row["dtype"], subjects[row["subject"]]), Cell())
        if row["passing"]:
            cell.add(row["passing"]["ulp"], row["passing"]["line"], row, "")
        for failure in row["failures"]:
            worst = failure["worst"]
            cell.add(worst["ulp"], worst["line"], row, worst["class"] or worst["verdict"])
    losses = list(dict.fromkeys(row["loss"] for row in report["rows"]))
    return cells, losses, list(dict.fromkeys(subjects.values()))


def input_text(line, fill, loss, dtype):
    if len(line) <= LONGEST:
        return f"`{line}`"
    return f"{len(line)} characters, of `exactloss audit --loss {loss} --dtype {dtype} --fill {fill}`"


def write_losses(cells, losses, columns, out):
    for loss in losses:
        out.append(f"\n### {loss}\n\n| | dtype | {' | '.join(columns)} |\n|---|---|{'--:|' * len(columns)}")
        inputs = []
        for part in PARTS:
            for dtype in DTYPES:
                row = [cells.get((loss, part, dtype, column)) for column in columns]
                if not any(row):
                    continue
                out.append(f"| {part} | {dtype} | {' | '.join(cell.text() if cell else '-' for cell in row)} |")
                for column, cell in zip(columns, row):
                    if cell and cell.ulp > 0.5:
                        who = cell.subject if column == "naive forms" else column
                        inputs.append(f"| {part} {dtype} | {who} | {number(cell.ulp)} | {input_text(cell.line, cell.fill, loss, dtype)} |")
                    for kind, (line, fill) in sorted(cell.without_size.items()) if cell else ():
                        if column != "naive forms":
                            inputs.append(f"| {part} {dtype} | {column} | {kind} | {input_text(line, fill, loss, dtype)} |")
        if inputs:
            out.append("\n<details><summary>inputs</summary>\n\n| | | ulp | |\n|---|---|--:|---|\n" + "\n".join(inputs) + "\n\n</details>")


def head(cells, losses, columns):
    """The gradient in f32: what trains a network."""
    rows = [f"| gradient, f32 | {' | '.join(columns)} |", f"|---|{'--:|' * len(columns)}"]
    for loss in losses:
        row = [cells.get((loss, "gradient", "f32", column)) for column in columns]
        rows.append(f"| `{loss}` | {' | '.join(cell.text() if cell else '-' for cell in row)} |")
    return rows


def write_certificates(certificates, out):
    out.append("\n## Exhaustive\n\nEvery number of the input was asked, each target (and parameter) of the cases was one of a few. Here a figure is the "
               "maximum, not a lower bound; 0.5 means that every answer was correctly rounded.\n\n"
               "| loss | dtype | cases | points | subject | value | gradient | worst input |\n|---|---|--:|--:|---|--:|--:|---|")
    for certificate in certificates:
        if certificate["stride"] != 1 or certificate["chunks_done"] != [[0, certificate["chunks"]]]:
            continue  # a sample, or a part
        points = sum(case["points"] for case in certificate["cases"])
        rows = {}  # subjects by what is known of them
        for subject in certificate["subjects"]:
            worst = {part: (0.5, "") for part in PARTS}
            for case in certificate["cases"]:
                for output in case["outputs"]:
                    if output["subject"] != subject["name"]:
                        continue
                    for answers in output["answers"]:
                        if "worst" in answers:
                            ulp = float.fromhex(answers["worst"]["ulp"])
                            part = part_of(output["output"])
                            worst[part] = max(worst[part], (ulp, answers["worst"]["line"]))
            ulp, line = max(worst.values())
            version = f" {subject['version']}" if subject["name"].startswith("libtorch") else ""
            figures = " | ".join(number(worst[part][0]) if math.isfinite(worst[part][0]) else "∞" for part in PARTS)
            rows.setdefault(f"{figures} | {f'`{line}`' if ulp > 0.5 else ''}", []).append(subject["name"] + version)
        for row, names in rows.items():
            out.append(f"| `{certificate['loss']}` | {certificate['dtype']} | {len(certificate['cases'])} | {points:,} | {', '.join(names)} | {row} |")


def write_plot(cells, losses, columns):
    """The head as a picture: a row a loss, log10 of the worst finite error."""
    left, width, top, step, least, most = 150, 840, 52, 20, -1, 9
    height = top + step * len(losses) + 40
    x = lambda ulp: left + (min(max(math.log10(max(ulp, 1e-9)), least), most) - least) / (most - least) * (width - left - 20)
    svg = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">'
           f'<rect width="{width}" height="{height}" fill="#fff"/><text x="12" y="20" font-size="15">Worst known error of the gradient in f32, in ulp</text>']
    for power in range(least, most + 1):
        svg.append(f'<line x1="{x(10.0 ** power):.1f}" x2="{x(10.0 ** power):.1f}" y1="{top - 8}" y2="{height - 32}" stroke="#ddd"/>'
                   f'<text x="{x(10.0 ** power):.1f}" y="{height - 14}" text-anchor="middle">{"≥ " if power == most else ""}10'
                   f'<tspan dy="-4" font-size="9">{power}</tspan></text>')
    svg.append(f'<line x1="{x(0.5):.1f}" x2="{x(0.5):.1f}" y1="{top - 8}" y2="{height - 32}" stroke="#666" stroke-dasharray="4 3"/>')
    for i, loss in enumerate(losses):
        y = top + step * i + 4
        svg.append(f'<text x="{left - 10}" y="{y + 4}" text-anchor="end">{loss}</text><line x1="{left}" x2="{width - 20}" y1="{y}" y2="{y}" stroke="#eee"/>')
        for column in reversed(columns):
            cell = cells.get((loss, "gradient", "f32", column))
            if cell and cell.ulp >= 0:
                svg.append(f'<circle cx="{x(cell.ulp):.1f}" cy="{y}" r="5" fill="{COLOURS.get(column, "#000")}" fill-opacity="0.8">'
                           f'<title>{column}: {cell.text()}</title></circle>')
    at = 380
    for column in columns:
        svg.append(f'<circle cx="{at}" cy="16" r="5" fill="{COLOURS.get(column, "#000")}"/><text x="{at + 9}" y="20">{column}</text>')
        at += 24 + 7 * len(column)
    (DOCS / "accuracy.svg").write_text("\n".join(svg) + "\n</svg>\n", encoding="utf-8")


def main():
    report = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    certificates = [json.loads(pathlib.Path(path).read_text(encoding="utf-8")) for path in sorted(sys.argv[2:])]
    cells, losses, columns = read(report)
    run = report["run"]
    kernels = next((s["name"] for s in run["subjects"] if s["name"].startswith("highway/")), "")
    capability = ", ".join(f"{column_of(s)} on {s['details']['capability']}" for s in run["subjects"] if "capability" in s["details"])
    out = ["# How accurate are loss functions?\n",
           "Written by `./dev accuracy`. The largest known error of value and gradient in ulp, against the proven truth, for each loss and dtype. `≥`: searched, "
           f"not exhausted; the true maximum is no smaller. An audit looked at {run['problems']:,} problems ({run['selection']['text'].split(':')[0]}) "
           "of all [fills](findings.md), extremes, infinities and ill-conditioned inputs among them: a large figure is not yet a defect (what the inputs' own "
           "conditioning explains is large, too), and [libtorch-findings.md](libtorch-findings.md) says what is. A word after a figure is a failure that has no "
           "size on its own, such as `nan` for a number.\n",
           f"`fast` and `exact` are our kernels ({kernels.rsplit('/', 1)[0]}); naive forms are the worst of those that practice warns against. {capability}; {run['cpu']}; {run['program']}.\n",
           "![Worst known error of the gradient in f32](accuracy.svg)\n"]
    out += head(cells, losses, columns)
    write_certificates(certificates, out)
    out.append("\n## Every loss")
    write_losses(cells, losses, columns, out)
    (DOCS / "accuracy.md").write_text("\n".join(out) + "\n", encoding="utf-8")
    write_plot(cells, losses, columns)


if __name__ == "__main__":
    main()
