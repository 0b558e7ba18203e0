// Who dials whom, as a picture and as a list.

import { read } from "./api.js";
import { h, icon, list, once, s, tableOf, text } from "./dom.js";
import { bytes } from "./format.js";

const WIDTH = 1100;
const BOX = { width: 172, height: 48 };
const STATES = { connected: ["running", "Connected"], dialling: ["starting", "Dialling"], waiting: ["degraded", "Waiting"], gave_up: ["failed", "Gave up"] };

export function topologyPage() {
  const picture = h("div", { class: "card-body topology-scroll", tabindex: 0, role: "region", "aria-label": "Picture of the topology" });
  const warnings = h("div", { hidden: true });
  const body = h("tbody");
  const table = tableOf("Links", ["From", "To", "State", "Traffic", "Queue", "Topics that it may send"], body, ["Traffic", "Queue"]);
  const empty = h("p", { class: "empty" }, "No node dials another one. `connect` in a node's configuration, or “Dial another peer” on its page, makes a link.");
  const element = h(
    "div",
    { class: "page" },
    h("div", { class: "page-title" }, h("h1", {}, "Topology"), h("p", { class: "soft" }, "Messages and requests flow along the arrows, from the node that dials to the one that accepts.")),
    warnings,
    h("section", { class: "card" }, picture, h("div", { class: "card-body topology-key" }, legend())),
    h("section", { class: "card" }, h("div", { class: "card-head" }, h("h2", {}, "Links")), empty, table),
  );

  function show(topology) {
    warnings.hidden = topology.missing.length === 0;
    once(warnings, topology.missing, (missing) => h("div", { class: "notice bad" }, icon("degraded"), h("div", {}, h("ul", {}, missing.map(({ node, topic, kind }) => h("li", {}, h("a", { href: `#/nodes/${encodeURIComponent(node)}/topics` }, h("strong", {}, node)), ` sends ${kind === "request" ? "requests" : "messages"} of the topic `, h("code", {}, topic), ", which no node handles that it is connected to."))))));
    once(picture, shape(topology), () => draw(topology));
    empty.hidden = topology.links.length > 0;
    table.hidden = topology.links.length === 0;
    list(body, topology.links, (link) => `${link.from} ${link.to}`, row, (element, link) => element.show(link));
  }

  function row(link) {
    const state = h("td");
    const rate = h("td", { class: "num" });
    const queue = h("td", { class: "num" });
    const topics = h("td");
    const element = h("tr", {}, h("td", {}, h("span", { class: "name" }, link.from)), h("td", {}, h("span", { class: "name" }, link.to)), state, rate, queue, topics);
    element.show = (link) => {
      once(state, [link.state, link.why, link.mutual], ([key, why, mutual]) => {
        const [shape, label] = STATES[key];
        return h("div", { class: "cell-main" }, h("span", { class: "state", "data-state": shape }, icon(shape), label), why === undefined ? null : h("span", { class: "why" }, why), mutual || key !== "connected" ? null : h("span", {}, h("span", { class: "badge warn" }, "one-way")));
      });
      text(rate, `${bytes(link.rate)}/s`);
      text(queue, bytes(link.queue_bytes));
      once(topics, link.topics, (topics) => (topics.length === 0 ? h("span", { class: "soft" }, link.state === "connected" ? "none is known" : "–") : h("div", { class: "chips" }, topics.slice(0, 8).map((topic) => h("span", { class: "chip" }, topic)), topics.length > 8 ? h("span", { class: "soft small" }, `and ${topics.length - 8} more`) : null)));
    };
    return element;
  }

  return {
    element,
    title: "Topology",
    query: "?topology=true",
    load: async (signal) => show(await read("/api/topology", signal)),
    update: ({ topology }) => topology && show(topology),
  };
}

/** What the picture is made from; numbers that change every second are rounded to what can be seen. */
function shape({ nodes, links, missing }) {
  return [
    nodes.map(({ name, own, state, topics }) => [name, own, state, topics.length]),
    links.map(({ from, to, state, mutual, rate }) => [from, to, state, mutual, rate ? Math.round(Math.log2(rate)) : 0]),
    missing,
  ];
}

function draw({ nodes, links, missing }) {
  if (nodes.length === 0) return h("p", { class: "soft" }, "There are no nodes yet.");
  const places = layout(nodes, links);
  const height = Math.max(...[...places.values()].map(({ y }) => y)) + BOX.height / 2 + 14;
  const dim = (names) => {
    for (const part of svg.querySelectorAll("[data-ends]")) part.classList.toggle("dim", names !== null && !part.dataset.ends.split("\n").some((end) => names === end));
    for (const part of svg.querySelectorAll("[data-node]")) {
      const near = names === null || part.dataset.node === names || links.some(({ from, to }) => (from === names && to === part.dataset.node) || (to === names && from === part.dataset.node));
      part.classList.toggle("dim", !near);
    }
  };
  const lines = [];
  const labels = [];
  for (const link of links) {
    const from = places.get(link.from);
    const to = places.get(link.to);
    if (from === undefined || to === undefined || from === to) continue;
    const { path, tip, label } = curve(from, to, link.mutual);
    const ends = `${link.from}\n${link.to}`;
    const load = link.rate ? Math.min(4.5, 1 + Math.log10(1 + link.rate / 100)) : 1.25;
    lines.push(
      s("path", { class: `topo-link${link.mutual ? "" : " one-way"}`, "data-state": link.state, "data-ends": ends, d: path, "stroke-width": load.toFixed(2) }),
      s("path", { class: "topo-arrow", "data-state": link.state, "data-ends": ends, d: tip }),
    );
    const said = link.state !== "connected" ? STATES[link.state][1].toLowerCase() : link.mutual ? "" : "one-way";
    // how much goes over a link is its width; in figures it is in the list
    if (said !== "") labels.push(s("text", { class: `topo-label${link.state !== "connected" ? " bad" : link.mutual ? "" : " warn"}`, "data-ends": ends, ...label }, said));
  }
  const boxes = nodes.map((node) => {
    const { x, y } = places.get(node.name);
    const lacking = missing.filter((one) => one.node === node.name).length;
    const left = x - BOX.width / 2;
    const top = y - BOX.height / 2;
    const mark = node.state === undefined ? null : s("g", { class: "topo-icon", "data-state": node.state, transform: `translate(${left + 12} ${top + 17})` }, [...icon(node.state).childNodes]);
    const note = node.own ? `${node.state}${lacking > 0 ? `, ${lacking} unhandled` : `, ${node.topics.length} topic${node.topics.length === 1 ? "" : "s"}`}` : "in another process";
    const content = [
      s("rect", { x: left, y: top, width: BOX.width, height: BOX.height, rx: 9 }),
      mark,
      s("text", { class: "topo-name", x: left + (mark === null ? 14 : 36), y: top + 20 }, shortened(node.name, mark === null ? 20 : 17)),
      s("text", { class: "topo-note", x: left + (mark === null ? 14 : 36), y: top + 37 }, shortened(note, 24)),
      s("title", {}, `${node.name}: ${note}`),
    ];
    const group = s("g", { class: `topo-node${node.own ? "" : " stranger"}`, "data-node": node.name, "data-state": node.state ?? null });
    group.append(...(node.own ? [s("a", { href: `#/nodes/${encodeURIComponent(node.name)}` }, content)] : content.filter((part) => part !== null)));
    group.addEventListener("pointerenter", () => dim(node.name));
    group.addEventListener("pointerleave", () => dim(null));
    return group;
  });
  const svg = s("svg", { class: "topology", viewBox: `0 0 ${WIDTH} ${height}`, role: "group", "aria-label": "Nodes and their links" }, lines, labels, boxes);
  return svg;
}

/** Where the nodes stood the last time, so that the picture moves as little as it can. */
const remembered = new Map();
let rememberedFor = "";

/**
 * Places for the nodes: linked ones attract and all repel each other (Fruchterman and Reingold, 1991), in a plane that
 * is twice as wide as it is high; then boxes that overlap are pushed apart.
 */
function layout(nodes, links) {
  const names = nodes.map(({ name }) => name).sort();
  const pairs = [...new Set(links.filter(({ from, to }) => from !== to).map(({ from, to }) => [from, to].sort().join("\n")))].sort().map((pair) => pair.split("\n"));
  const key = JSON.stringify([names, pairs]);
  if (key === rememberedFor) return remembered;
  rememberedFor = key;
  const ideal = 1;
  const linked = new Set(pairs.flat());
  const points = new Map(
    names.filter((name) => linked.has(name)).map((name, index, all) => {
      const angle = (2 * Math.PI * index) / all.length;
      return [name, { x: all.length * 0.35 * Math.cos(angle), y: all.length * 0.35 * Math.sin(angle) }];
    }),
  );
  const moving = [...points.values()];
  for (let round = 0; round < 300; round += 1) {
    const heat = 0.4 * (1 - round / 300) + 0.005;
    const forces = moving.map((point) => ({ x: -point.x * 0.12, y: -point.y * 0.3 }));
    moving.forEach((one, index) => {
      for (let other = index + 1; other < moving.length; other += 1) {
        const x = one.x - moving[other].x;
        const y = one.y - moving[other].y;
        const square = Math.max(0.01, x * x + y * y);
        const push = (ideal * ideal) / square;
        forces[index].x += x * push;
        forces[index].y += y * push;
        forces[other].x -= x * push;
        forces[other].y -= y * push;
      }
    });
    for (const [from, to] of pairs) {
      const one = moving.indexOf(points.get(from));
      const other = moving.indexOf(points.get(to));
      const x = moving[one].x - moving[other].x;
      const y = moving[one].y - moving[other].y;
      const pull = Math.hypot(x, y) / ideal;
      forces[one].x -= x * pull;
      forces[one].y -= y * pull;
      forces[other].x += x * pull;
      forces[other].y += y * pull;
    }
    moving.forEach((point, index) => {
      const length = Math.hypot(forces[index].x, forces[index].y) || 1;
      const step = Math.min(length, heat) / length;
      point.x += forces[index].x * step;
      point.y += forces[index].y * step;
    });
  }
  const rooms = { x: WIDTH - BOX.width - 24, y: Math.min(540, Math.max(90, 42 * moving.length)) };
  const range = (axis) => [Math.min(...moving.map((point) => point[axis])), Math.max(...moving.map((point) => point[axis]))];
  const places = new Map();
  if (moving.length > 0) {
    const scale = { x: range("x"), y: range("y") };
    const stretch = (value, [low, high], room) => (high - low < 0.01 ? room / 2 : ((value - low) / (high - low)) * room);
    // two or three nodes need no whole width
    const used = Math.min(rooms.x, 260 * moving.length);
    for (const [name, point] of points) places.set(name, { x: (WIDTH - used) / 2 + stretch(point.x, scale.x, used), y: BOX.height / 2 + 10 + stretch(point.y, scale.y, rooms.y) });
  }
  apart([...places.values()]);
  const lowest = Math.max(-BOX.height, ...[...places.values()].map(({ y }) => y));
  const across = Math.floor(WIDTH / (BOX.width + 24));
  const alone = names.filter((name) => !linked.has(name));
  alone.forEach((name, index) => {
    const inRow = Math.min(across, alone.length - Math.floor(index / across) * across);
    places.set(name, { x: WIDTH / 2 + ((index % across) - (inRow - 1) / 2) * (BOX.width + 24), y: lowest + (Math.floor(index / across) + 1) * (BOX.height + 34) });
  });
  remembered.clear();
  for (const [name, { x, y }] of places) remembered.set(name, { x: Math.round(x), y: Math.round(y) });
  return remembered;
}

/** Pushes boxes apart that overlap or nearly do. */
function apart(places) {
  const room = { x: BOX.width + 84, y: BOX.height + 52 };
  for (let round = 0; round < 200; round += 1) {
    let moved = false;
    places.forEach((one, index) => {
      for (const other of places.slice(index + 1)) {
        const x = room.x - Math.abs(one.x - other.x);
        const y = room.y - Math.abs(one.y - other.y);
        if (x <= 0 || y <= 0) continue;
        moved = true;
        const axis = x / room.x < y / room.y ? "x" : "y";
        const push = ((axis === "x" ? x : y) / 2 + 0.5) * (one[axis] < other[axis] ? 1 : -1);
        one[axis] -= push;
        other[axis] += push;
      }
    });
    for (const place of places) place.x = Math.min(WIDTH - BOX.width / 2 - 4, Math.max(BOX.width / 2 + 4, place.x));
    if (!moved) break;
  }
  const top = Math.min(...places.map(({ y }) => y));
  for (const place of places) place.y += BOX.height / 2 + 14 - top;
}

/** A line from box to box that bends aside, so that both directions are seen. */
function curve(from, to, mutual) {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const bend = mutual ? Math.min(38, length * 0.14) : 0;
  const normal = { x: -(to.y - from.y) / length, y: (to.x - from.x) / length };
  const middle = { x: (from.x + to.x) / 2 + normal.x * bend * 2, y: (from.y + to.y) / 2 + normal.y * bend * 2 };
  const start = edge(from, middle, 3);
  const end = edge(to, middle, 8);
  const angle = Math.atan2(end.y - middle.y, end.x - middle.x);
  const tip = edge(to, middle, 2);
  const wing = (side) => `${(tip.x - 9 * Math.cos(angle + side)).toFixed(1)} ${(tip.y - 9 * Math.sin(angle + side)).toFixed(1)}`;
  const half = { x: (start.x + 2 * middle.x + end.x) / 4, y: (start.y + 2 * middle.y + end.y) / 4 };
  return {
    path: `M${start.x.toFixed(1)} ${start.y.toFixed(1)}Q${middle.x.toFixed(1)} ${middle.y.toFixed(1)} ${end.x.toFixed(1)} ${end.y.toFixed(1)}`,
    tip: `M${tip.x.toFixed(1)} ${tip.y.toFixed(1)}L${wing(0.42)}L${wing(-0.42)}Z`,
    label: beside(half, normal),
  };
}

/** Where a text stands beside the middle of a line, above or to the right of it. */
function beside(middle, normal) {
  const side = normal.y > 0.3 || (normal.y > -0.3 && normal.x < 0) ? -1 : 1;
  const [x, y] = [normal.x * side, normal.y * side];
  const anchor = Math.abs(x) < 0.3 ? "middle" : x > 0 ? "start" : "end";
  return { x: (middle.x + x * 8).toFixed(1), y: (middle.y + y * 8 + 4 * (1 + y)).toFixed(1), "text-anchor": anchor };
}

/** Where the line from a box's middle to a point leaves the box, and so much further. */
function edge(box, point, further) {
  const x = point.x - box.x;
  const y = point.y - box.y;
  const scale = Math.min((BOX.width / 2) / (Math.abs(x) || 1e-9), (BOX.height / 2) / (Math.abs(y) || 1e-9));
  const length = Math.hypot(x, y) || 1;
  return { x: box.x + x * scale + (x / length) * further, y: box.y + y * scale + (y / length) * further };
}

const shortened = (name, most) => (name.length > most ? `${name.slice(0, most - 1)}…` : name);

function legend() {
  const line = (kind, state) => s("svg", { viewBox: "0 0 32 8", "aria-hidden": "true" }, s("path", { class: `topo-link${kind}`, "data-state": state, d: "M0 4H32", "stroke-width": 2 }));
  return h("ul", { class: "key" }, h("li", {}, line("", "connected"), "connected in both directions"), h("li", {}, line(" one-way", "connected"), "one-way: nothing but responses comes back"), h("li", {}, line("", "waiting"), "not connected"));
}
