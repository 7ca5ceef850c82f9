"use strict";
// What the page knows, and how it makes elements. Text from the data is always set as text, never as HTML.
const data = JSON.parse(document.getElementById("data").textContent);
const { cells, causes, closeUps, subjects, losses, kinds, dtypes } = data;

const byId = (id) => document.getElementById(id);
const plain = (count) => count.toLocaleString("en");

// make("p", { class: "hint" }, "text", child, ...)
function make(name, attributes = {}, ...children) {
  const svg = ["svg", "g", "path", "line", "circle", "rect", "text", "title", "desc"].includes(name);
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key, value);
    else if (value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null && child !== false && child !== ""));
  return element;
}

const fill = (id, ...children) => byId(id).replaceChildren(...children);
const option = (value, text = value) => make("option", { value }, text);

// The colour of a verdict: that of its cells and that of its marks in a plot.
const cellColour = (kind) => `var(--${kind.verdict})`;
function markColour(kind) {
  if (kind.verdict === "divergent" || kind.verdict === "inaccurate") return `var(--mark-${kind.verdict})`;
  return kind.verdict === "stable" ? "var(--mark-stable)" : "var(--mark-pass)";
}

function copyButton(text) {
  const button = make("button", { type: "button", "aria-label": "Copy the command that reproduces this" }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {  // no permission: the old way
      const area = make("textarea", {}, text);
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  return button;
}
