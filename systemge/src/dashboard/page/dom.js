// Elements from text. Text is only ever text here: nothing that comes from a node can become markup.

const SVG = "http://www.w3.org/2000/svg";

/** An element: `h("p", { class: "soft", onclick }, "text", child)`; `null` children are left out. */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function s(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else set(element, name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Sets an attribute, if it is another; `null` and `false` take it away. */
export function set(element, name, value) {
  if (value === null || value === undefined || value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
    return;
  }
  const text = value === true ? "" : String(value);
  if (element.getAttribute(name) !== text) element.setAttribute(name, text);
}

/** Sets the text of an element, if it is another. */
export function text(element, value) {
  const wanted = String(value);
  if (element.textContent !== wanted) element.textContent = wanted;
}

/** Makes the children of `parent` those of `items`: keeps what is there by key, adds and removes the rest. */
export function list(parent, items, key, create, update) {
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    let child = known.get(name);
    known.delete(name);
    if (child === undefined) {
      child = create(item);
      child.dataset.key = name;
    }
    if (child !== place) parent.insertBefore(child, place);
    else place = place.nextElementSibling;
    update?.(child, item);
  }
  for (const child of known.values()) child.remove();
}

/** Replaces the children of an element if what they are made from has changed. */
export function once(element, value, render) {
  const shown = JSON.stringify(value) ?? "";
  if (element.shownValue === shown) return;
  element.shownValue = shown;
  element.replaceChildren(...[render(value)].flat().filter((child) => child !== null && child !== undefined));
}

const SHAPES = {
  running: () => [s("circle", { class: "state-fill", cx: 8, cy: 8, r: 6 })],
  degraded: () => [s("path", { class: "state-fill", d: "M8 1.5 15.2 14H.8z" }), s("path", { class: "state-on", d: "M8 6.2v3.4M8 11.8v.1" })],
  failed: () => [s("path", { class: "state-fill", d: "M5 1h6l4 4v6l-4 4H5l-4-4V5z" }), s("path", { class: "state-on", d: "m5.7 5.7 4.6 4.6m0-4.6-4.6 4.6" })],
  starting: () => [s("path", { class: "state-line", d: "M8 2a6 6 0 1 1-6 6" })],
  stopping: () => [s("path", { class: "state-line", d: "M8 2a6 6 0 1 1-6 6" })],
  stopped: () => [s("rect", { class: "state-line", x: 3, y: 3, width: 10, height: 10, rx: 1.5 })],
  good: () => [s("path", { class: "state-line", d: "m3 8.5 3.5 3.5L13 5" })],
};

/** The shape that stands for a state. */
export function icon(state) {
  return s("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, (SHAPES[state] ?? SHAPES.stopped)());
}

/** A state as shape, colour and word. */
export function stateMark() {
  return h("span", { class: "state" });
}

export function showState(mark, node) {
  set(mark, "data-state", node.state);
  const label = node.draining && node.state !== "stopping" ? `${node.state}, draining` : node.state;
  once(mark, [node.state, label], () => [icon(node.state), h("span", {}, label[0].toUpperCase() + label.slice(1))]);
}

/** A short message at the edge of the page. */
export function toast(message, tone = "good") {
  const element = h("div", { class: `toast ${tone}` }, icon(tone === "bad" ? "failed" : "good"), h("div", {}, message));
  const place = document.getElementById("toasts");
  place.append(element);
  while (place.children.length > 3) place.firstElementChild.remove();
  setTimeout(() => element.remove(), tone === "bad" ? 10_000 : 5_000);
}

/** A table that scrolls sideways by itself where there is no room for it. */
export function tableOf(label, columns, body, numbers = []) {
  return h("div", { class: "table-scroll", tabindex: 0, role: "region", "aria-label": label }, h("table", {}, h("thead", {}, h("tr", {}, columns.map((column) => h("th", { class: numbers.includes(column) ? "num" : null }, column)))), body));
}
