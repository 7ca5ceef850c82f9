#!/usr/bin/env python3
"""Opens a report in headless Chromium: browser_test.py REPORT.html [--shots FOLDER]

At 360 and 1440 pixels, light and dark: no error on the console, nothing wider than the window, the filters
filter, a cell of the map shows its loss, the theme switches. The report is loaded into a frame of that width by a
page that then works it with a script, since a window cannot be so narrow. Prints a line for each check; exit
status 1 if one fails, 77 (skipped) without Chromium.
"""
import argparse
import html
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

WORK = r"""
const errors = [];
const checks = {};
const frame = document.querySelector("iframe");
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
frame.addEventListener("load", async () => {
  const page = frame.contentDocument, at = (id) => page.getElementById(id);
  const change = (element, value, type) => { element.value = value; element.dispatchEvent(new frame.contentWindow.Event(type, { bubbles: true })); };
  const shown = () => page.querySelectorAll("#list > li").length;
  const said = () => at("shown").textContent;
  try {
    await wait(50);
    const data = JSON.parse(at("data").textContent), root = page.documentElement;
    checks["ms to open"] = Math.round(performance.now() - begun);
    checks["fits the width"] = root.scrollWidth <= frame.clientWidth;
    const cells = page.querySelectorAll("#map .cell");
    checks["has the map"] = cells.length === data.cells.filter((cell) => cell.s === data.cells[0].s).length;
    checks["lists the causes"] = shown() === Math.min(50, data.causes.length);
    checks["plots"] = page.querySelectorAll("#panel svg circle").length > 0;
    const kind = data.kinds[data.causes[0].k].name, of_kind = data.causes.filter((cause) => data.kinds[cause.k].name === kind).length;
    change(at("filters").elements.kind, kind, "input");
    checks["filters by class"] = said() === `${of_kind.toLocaleString("en")} of ${data.causes.length.toLocaleString("en")} causes`;
    change(at("filters").elements.text, "no such thing", "input");
    checks["filters by text"] = shown() === 0;
    change(at("filters").elements.text, "", "input");
    change(at("filters").elements.kind, "", "input");
    at("filters").elements.unseen.click();
    checks["filters what is unseen"] = said().startsWith(`${data.causes.filter((cause) => !cause.seen).length.toLocaleString("en")} of`);
    at("filters").elements.unseen.click();
    at("filters").elements.unknown.click();
    checks["filters what is known"] = said().startsWith(`${data.causes.filter((cause) => !cause.known).length.toLocaleString("en")} of`);
    at("filters").elements.unknown.click();
    change(at("filters").elements.impact, "trains wrong", "input");
    checks["filters by impact"] = said().startsWith(`${data.causes.filter((cause) => cause.impact === "trains wrong").length.toLocaleString("en")} of`);
    change(at("filters").elements.impact, "", "input");
    const details = page.querySelector("#list details");
    if (details) { details.open = true; await wait(50); }
    checks["the worst problem opens"] = !details || details.children.length === 2;
    change(at("filters").elements.sort, "elements", "input");
    const counts = [...page.querySelectorAll("#list > li p:first-of-type")].map((p) => Number(p.textContent.match(/: ([\d,]+) element/)[1].replaceAll(",", "")));
    checks["sorts"] = counts.every((count, i) => i === 0 || count <= counts[i - 1]);
    const last = cells[cells.length - 1], name = last.getAttribute("aria-label").split(" ")[0];
    last.click();
    checks["a cell shows its loss"] = at("pick-loss").selectedOptions[0].textContent === name;
    const theme = root.dataset.theme;
    at("theme").click();
    checks["the theme switches"] = root.dataset.theme !== theme;
    at("theme").click();
    checks["everything has a name"] = [...page.querySelectorAll("button, a, input, select, svg")].every((e) =>
      e.textContent.trim() || e.getAttribute("aria-label") || e.labels?.length);
    checks["fits the width after all that"] = root.scrollWidth <= frame.clientWidth;
  } catch (error) { errors.push(String(error)); }
  document.body.append(Object.assign(document.createElement("pre"), { id: "result", textContent: JSON.stringify({ checks, errors }) }));
});
const begun = performance.now();
frame.srcdoc = JSON.parse(document.getElementById("page").textContent);
"""

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def chromium(*arguments):
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        print("skipped: there is no Chromium; install the package chromium")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as profile:
        return subprocess.run(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--hide-scrollbars", f"--user-data-dir={profile}",
             "--enable-logging=stderr", "--virtual-time-budget=20000", *arguments],
            capture_output=True, text=True, timeout=120, check=False)


def bench_page(report, width, theme):
    """A page with the report in a frame of that width."""
    report = report.replace("new URLSearchParams(location.search).get(\"theme\")", json.dumps(theme))
    text = json.dumps(report).replace("<", "\\u003c")
    return (f"<!doctype html><meta charset=utf-8><body style='margin:0'><iframe style='border:0;width:{width}px;height:900px'>"
            f"</iframe><script type=application/json id=page>{text}</script><script>{WORK}</script>")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("report", type=pathlib.Path)
    parser.add_argument("--shots", type=pathlib.Path)
    arguments = parser.parse_args()
    report = arguments.report.read_text(encoding="utf-8")
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for width in (360, 1440):
            for theme in ("light", "dark"):
                page = pathlib.Path(folder) / "page.html"
                page.write_text(bench_page(report, width, theme), encoding="utf-8")
                ran = chromium("--dump-dom", f"--window-size={width + 40},900", page.as_uri())
                found = re.search(r'<pre id="result">(.*?)</pre>', ran.stdout, re.S)
                result = json.loads(html.unescape(found.group(1))) if found else {"checks": {}, "errors": ["the page did not run"]}
                console = re.findall(r"CONSOLE.*", ran.stderr)
                checks = dict(result["checks"], **{"no error": not result["errors"] and not console})
                for name, holds in checks.items():
                    failed += holds is False
                    print(f"{width} px {theme}: {name}: {holds if type(holds) is int else 'yes' if holds else 'NO'}")
                for line in result["errors"] + console:
                    print(f"    {line}")
    if arguments.shots:
        arguments.shots.mkdir(parents=True, exist_ok=True)
        for width in (360, 1440):
            for theme in ("light", "dark"):
                shot(report, width, theme, arguments.shots)
    return 1 if failed else 0


def shot(report, width, theme, folder):
    height = 900 if width > 400 else 800
    with tempfile.TemporaryDirectory() as place:
        page = pathlib.Path(place) / "page.html"
        text = json.dumps(report.replace("new URLSearchParams(location.search).get(\"theme\")", json.dumps(theme))).replace("<", "\\u003c")
        page.write_text(f"<!doctype html><meta charset=utf-8><body style='margin:0'><iframe style='border:0;width:{width}px;height:4000px'></iframe>"
                        f"<script type=application/json id=page>{text}</script><script>document.querySelector('iframe').srcdoc="
                        "JSON.parse(document.getElementById('page').textContent)</script>", encoding="utf-8")
        chromium(f"--screenshot={folder / f'{width}-{theme}.png'}", f"--window-size={max(width, 500)},4000", page.as_uri())


if __name__ == "__main__":
    sys.exit(main())
