// Lines over time: an element of our own, drawn as SVG.

import { h, s, set, text } from "./dom.js";
import { minute, moment } from "./format.js";

const TOP = 14;
const BOTTOM = 18;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Steps of the time axis, in milliseconds. */
const STEPS = [MINUTE / 4, MINUTE / 2, MINUTE, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 6 * HOUR];
/** How far apart the labels of the time axis stand at least, in pixels. */
const LABEL_ROOM = 80;
/** Factors of 1000, or of 1024 for bytes, that an axis may end at. */
const NICE = [1, 2, 2.5, 5, 10];

/** What was measured: rows of values by the time, the oldest first, and no older than some span. */
export class Rows {
  times = [];
  #values = new Map();

  constructor(names, span) {
    this.span = span;
    for (const name of names) this.#values.set(name, []);
  }

  values(name) {
    return this.#values.get(name) ?? [];
  }

  /** Takes the place of everything: the answer of the API. */
  load(past) {
    this.times = [...past.times];
    const given = new Map(past.series.map((series) => [series.name, series.values]));
    for (const name of this.#values.keys()) this.#values.set(name, given.get(name) ?? past.times.map(() => null));
  }

  add(time, measured) {
    if (this.times.length > 0 && time <= this.times.at(-1)) return;
    this.times.push(time);
    for (const [name, values] of this.#values) values.push(measured[name] ?? null);
    let old = 0;
    while (this.times[old] < time - this.span) old += 1;
    if (old > 60) {
      this.times.splice(0, old);
      for (const values of this.#values.values()) values.splice(0, old);
    }
  }

  last(name) {
    return this.values(name).at(-1) ?? null;
  }
}

/**
 * `<time-series>`: shows some series of `Rows`. Its `series` are `[{name, label, tone}]`, `format` writes a value.
 * The pointer or the arrow keys read the values at a time.
 */
export class TimeSeries extends HTMLElement {
  series = [];
  rows = null;
  format = String;
  binary = false;
  #svg = null;
  #tooltip = null;
  #width = 0;
  #cursor = null;
  #observer = null;
  #frame = null;
  #scale = null;

  connectedCallback() {
    if (this.#svg === null) {
      this.#svg = s("svg", { "aria-hidden": "true" });
      this.#tooltip = h("div", { class: "tooltip", hidden: true });
      this.append(this.#svg, this.#tooltip);
      this.tabIndex = 0;
      set(this, "role", "img");
      this.addEventListener("pointermove", (event) => this.#point(event.clientX - this.getBoundingClientRect().left));
      this.addEventListener("pointerleave", () => this.#leave());
      this.addEventListener("blur", () => this.#leave());
      this.addEventListener("keydown", (event) => this.#key(event));
    }
    this.#observer = new ResizeObserver(([entry]) => {
      this.#width = Math.floor(entry.contentRect.width);
      this.draw();
    });
    this.#observer.observe(this);
  }

  disconnectedCallback() {
    this.#observer?.disconnect();
    cancelAnimationFrame(this.#frame);
  }

  /** Draws at the next frame, once, however often it is called. */
  draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    if (this.#svg === null || this.rows === null || this.#width < 40) return;
    const width = this.#width;
    const height = this.clientHeight;
    const { times } = this.rows;
    const end = times.at(-1) ?? Date.now();
    // a past that has just begun fills the width, too
    const span = Math.min(this.rows.span, Math.max(this.rows.span / 8, end - (times[0] ?? end)));
    const start = end - span;
    let from = 0;
    while (from < times.length && times[from] < start) from += 1;
    let highest = 0;
    for (const { name } of this.series) {
      const values = this.rows.values(name);
      for (let at = from; at < values.length; at += 1) if (values[at] > highest) highest = values[at];
    }
    const ceiling = nice(highest, this.binary);
    const floor = height - BOTTOM;
    const x = (time) => ((time - start) / span) * width;
    const y = (value) => floor - (value / ceiling) * (floor - TOP);
    this.#scale = { start, span, width, from, x, y, floor };

    const parts = [];
    for (const share of [0.5, 1]) {
      const at = Math.round(y(ceiling * share)) + 0.5;
      parts.push(s("line", { class: "chart-grid", x1: 0, x2: width, y1: at, y2: at }));
    }
    parts.push(s("line", { class: "chart-base", x1: 0, x2: width, y1: floor + 0.5, y2: floor + 0.5 }));
    const step = STEPS.find((candidate) => (candidate / span) * width >= LABEL_ROOM) ?? STEPS.at(-1);
    const zone = new Date(end).getTimezoneOffset() * MINUTE;
    for (let tick = Math.ceil((start - zone) / step) * step + zone; tick <= end; tick += step) {
      const at = x(tick);
      if (at < 18 || at > width - 18) continue;
      parts.push(s("text", { class: "chart-text", x: at, y: height - 4, "text-anchor": "middle" }, step < MINUTE ? moment(tick) : minute(tick)));
    }
    let drawn = false;
    this.series.forEach(({ name, tone }, index) => {
      const line = path(times, this.rows.values(name), from, x, y, width, gap(this.rows));
      if (line.length === 0) return;
      drawn = true;
      if (index === 0) {
        const areas = line.map(([first, ...rest]) => `M${first[0]} ${floor}L${[first, ...rest].map((point) => point.join(" ")).join("L")}L${(rest.at(-1) ?? first)[0]} ${floor}Z`);
        parts.push(s("path", { class: `chart-area ${tone}`, d: areas.join("") }));
      }
      const d = line.map((points) => `M${points.map((point) => point.join(" ")).join("L")}`).join("");
      parts.push(s("path", { class: `chart-line ${tone}`, d }));
    });
    const label = (value) => this.format(value).replace(/\.0(?=\D|$)/, "");
    if (drawn) {
      // after the lines, so that they stay readable
      for (const share of [0.5, 1]) {
        parts.push(s("text", { class: "chart-text", x: 0, y: Math.round(y(ceiling * share)) - 3 }, label(ceiling * share)));
      }
    } else {
      parts.push(s("text", { class: "chart-empty", x: width / 2, y: height / 2 }, "Nothing measured yet"));
    }
    if (this.#cursor !== null) parts.push(...this.#drawCursor());
    set(this.#svg, "viewBox", `0 0 ${width} ${height}`);
    this.#svg.replaceChildren(...parts);
    const said = this.series.map(({ name, label }) => `${label} ${this.format(this.rows.last(name))}`).join(", ");
    set(this, "aria-label", `${this.dataset.title ?? "Chart"}: now ${said}`);
  }

  #drawCursor() {
    const { x, y, floor, from } = this.#scale;
    const { times } = this.rows;
    let nearest = -1;
    for (let at = from; at < times.length; at += 1) {
      if (nearest < 0 || Math.abs(times[at] - this.#cursor) <= Math.abs(times[nearest] - this.#cursor)) nearest = at;
    }
    if (nearest < 0) return [];
    const time = times[nearest];
    const at = Math.round(x(time)) + 0.5;
    const parts = [s("line", { class: "chart-cursor", x1: at, x2: at, y1: TOP, y2: floor })];
    const rows = this.series.map(({ name, label, tone }) => {
      const value = this.rows.values(name)[nearest];
      if (value !== null) parts.push(s("circle", { class: `chart-point ${tone}`, cx: at, cy: y(value), r: 3 }));
      return h("li", { class: tone }, h("span", { class: "swatch" }), h("span", {}, label), h("b", {}, this.format(value)));
    });
    this.#tooltip.replaceChildren(h("p", {}, moment(time)), h("ul", {}, rows));
    this.#tooltip.hidden = false;
    const room = this.#tooltip.offsetWidth;
    const left = at + 12 + room > this.#width ? at - 12 - room : at + 12;
    this.#tooltip.style.left = `${Math.max(0, left)}px`;
    return parts;
  }

  #point(pixel) {
    if (this.#scale === null) return;
    this.#cursor = this.#scale.start + (pixel / this.#scale.width) * this.#scale.span;
    this.draw();
  }

  #leave() {
    this.#cursor = null;
    this.#tooltip.hidden = true;
    this.draw();
  }

  #key(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[event.key];
    if (event.key === "Escape") this.#leave();
    if (steps === undefined || this.rows === null || this.#scale === null) return;
    event.preventDefault();
    const end = this.rows.times.at(-1) ?? Date.now();
    const step = this.#scale.span / 90;
    this.#cursor = Math.min(end, Math.max(this.#scale.start, (this.#cursor ?? end) + steps * step));
    this.draw();
  }
}

/** Above which pause between two rows nothing is drawn. */
function gap(rows) {
  return rows.span > 2 * HOUR ? 3 * MINUTE : 5_000;
}

/** The points of a line, as one list per stretch without a gap; of the rows that share a pixel, the largest counts. */
function path(times, values, from, x, y, width, longest) {
  const stretches = [];
  let points = [];
  let last = null;
  for (let at = from; at < times.length; at += 1) {
    const value = values[at];
    if (value === null || value === undefined || (last !== null && times[at] - last > longest)) {
      if (points.length > 0) stretches.push(points);
      points = [];
      last = null;
      if (value === null || value === undefined) continue;
    }
    last = times[at];
    const point = [round(Math.min(width, Math.max(0, x(times[at])))), round(y(value))];
    const before = points.at(-1);
    if (before !== undefined && point[0] - before[0] < 0.75) before[1] = Math.min(before[1], point[1]);
    else points.push(point);
  }
  if (points.length > 0) stretches.push(points);
  return stretches;
}

const round = (value) => Math.round(value * 10) / 10;

/** The end of an axis: a number that people read easily, above the highest value. */
function nice(highest, binary) {
  if (!(highest > 0)) return binary ? 1024 : 1;
  const base = binary ? 1024 ** Math.floor(Math.log(highest) / Math.log(1024)) : 1;
  const scaled = highest / base;
  const power = 10 ** Math.floor(Math.log10(scaled));
  const factor = NICE.find((candidate) => candidate * power >= scaled * 1.02) ?? 10;
  return factor * power * base;
}

customElements.define("time-series", TimeSeries);

/** A chart with its title and a legend that shows the present. */
export function chartCard({ title, series, format, binary = false, tall = false }) {
  const values = series.map(() => h("b", {}, format(null)));
  const legend = h("ul", { class: "legend" }, series.map(({ label, tone }, index) => h("li", { class: tone }, h("span", { class: "swatch" }), h("span", { class: "soft" }, label), values[index])));
  const chart = document.createElement("time-series");
  chart.dataset.title = title;
  if (tall) chart.classList.add("tall");
  Object.assign(chart, { series, format, binary });
  const element = h("section", { class: "card chart" }, h("div", { class: "chart-head" }, h("h2", {}, title), legend), chart);
  return {
    element,
    show(rows, now) {
      chart.rows = rows;
      series.forEach(({ name }, index) => text(values[index], format(now?.[name] ?? rows.last(name))));
      chart.draw();
    },
  };
}

/** The path of a line without axes. */
export function spark(values, width = 128, height = 32) {
  const shown = values.map((value) => value ?? 0);
  const highest = Math.max(...shown, 1);
  const points = shown.map((value, index) => `${round((index / Math.max(1, shown.length - 1)) * width)} ${round(height - 3 - (value / highest) * (height - 6))}`);
  return points.length < 2 ? "" : `M${points.join("L")}`;
}
