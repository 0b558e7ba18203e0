// Every node at a glance.

import { showActions } from "./actions.js";
import { read } from "./api.js";
import { Rows, chartCard, spark } from "./chart.js";
import { h, list, once, s, set, showState, stateMark, text } from "./dom.js";
import { bytes, count, lasted, percent, plural, whole } from "./format.js";

const QUARTER = 15 * 60_000;
const SPARK = 90;

export function fleetPage() {
  const total = new Rows(["messages_in", "messages_out", "errors"], QUARTER);
  const recent = new Map();
  const tiles = {
    nodes: tile("Nodes"),
    in: tile("Messages in"),
    out: tile("Messages out"),
    errors: tile("Errors"),
    memory: tile("Memory"),
    cpu: tile("Processor"),
  };
  const chart = chartCard({
    title: "All nodes",
    series: [
      { name: "messages_in", label: "in", tone: "s1" },
      { name: "messages_out", label: "out", tone: "s2" },
      { name: "errors", label: "errors", tone: "sb" },
    ],
    format: (value) => (value === null ? "–" : `${count(value)}/s`),
    tall: true,
  });
  const troubles = h("div", { hidden: true });
  const body = h("tbody");
  const columns = [
    ["Node", ""],
    ["State", ""],
    ["In, per second", "num"],
    ["Out, per second", "num"],
    ["Last 90 seconds", ""],
    ["Peers", "num"],
    ["Queue", "num"],
    ["Errors", "num"],
  ];
  const table = h(
    "table",
    { class: "fleet-table", role: "table", "aria-label": "Nodes" },
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, columns.map(([label, kind]) => h("th", { role: "columnheader", class: kind }, label)), h("th", { role: "columnheader" }, h("span", { class: "visually-hidden" }, "Actions")))),
    body,
  );
  set(body, "role", "rowgroup");
  const element = h(
    "div",
    { class: "page" },
    h("h1", { class: "visually-hidden" }, "Fleet"),
    troubles,
    h("dl", { class: "card tiles" }, Object.values(tiles).map((one) => one.element)),
    h("section", { class: "card" }, h("div", { class: "table-scroll" }, table)),
    chart.element,
  );

  async function load(signal) {
    const { nodes } = await read("/api/history?series=messages_in,messages_out,errors", signal);
    const sums = new Map();
    for (const [name, past] of Object.entries(nodes)) {
      const values = Object.fromEntries(past.series.map((series) => [series.name, series.values]));
      recent.set(name, past.times.slice(-SPARK).map((time, index) => [time, busy(values, past.times.length - Math.min(SPARK, past.times.length) + index)]));
      past.times.forEach((time, index) => {
        const second = Math.round(time / 1000) * 1000;
        const sum = sums.get(second) ?? { messages_in: 0, messages_out: 0, errors: 0 };
        for (const series of Object.keys(sum)) sum[series] += values[series]?.[index] ?? 0;
        sums.set(second, sum);
      });
    }
    const rows = [...sums].sort(([a], [b]) => a - b);
    total.load({
      times: rows.map(([time]) => time),
      series: ["messages_in", "messages_out", "errors"].map((name) => ({ name, values: rows.map(([, sum]) => sum[name]) })),
    });
  }

  const busy = (values, index) => (values.messages_in?.[index] ?? 0) + (values.messages_out?.[index] ?? 0);

  function update({ fleet }) {
    const { nodes, process, time } = fleet;
    const sum = { messages_in: 0, messages_out: 0, errors: 0 };
    for (const node of nodes) {
      for (const series of Object.keys(sum)) sum[series] += node.values[series] ?? 0;
      const line = recent.get(node.name) ?? [];
      // changes of state come between the seconds
      if (line.length === 0 || time - line.at(-1)[0] >= 900) line.push([time, (node.values.messages_in ?? 0) + (node.values.messages_out ?? 0)]);
      recent.set(node.name, line.slice(-SPARK));
    }
    if (total.times.length === 0 || time - total.times.at(-1) >= 900) total.add(time, sum);
    chart.show(total, sum);

    const running = nodes.filter((node) => node.state === "running").length;
    const ill = nodes.filter((node) => node.state === "degraded" || node.state === "failed");
    tiles.nodes.show(whole(nodes.length), "", ill.length > 0 ? `${running} running, ${ill.length} in trouble` : `${running} running`);
    tiles.in.show(count(sum.messages_in), "/s", "");
    tiles.out.show(count(sum.messages_out), "/s", "");
    tiles.errors.show(count(sum.errors), "/s", `${whole(nodes.reduce((errors, node) => errors + node.errors, 0))} since the start`, sum.errors > 0);
    tiles.memory.show(...bytes(process.values.memory).split(" "), "of the process");
    tiles.cpu.show(...percent(process.values.cpu).split(" "), "of one core");

    troubles.hidden = ill.length === 0;
    once(troubles, ill.map(({ name, state, why }) => [name, state, why]), (list) =>
      h("div", { class: `notice ${list.some(([, state]) => state === "failed") ? "bad" : "warn"}` }, h("ul", {}, list.map(([name, state, why]) => h("li", { class: "break" }, h("a", { href: `#/nodes/${encodeURIComponent(name)}` }, h("strong", {}, name)), ` ${state === "failed" ? "has failed" : "is degraded"}: ${why.slice(0, 3).join("; ")}${why.length > 3 ? `; and ${why.length - 3} more` : ""}`)))),
    );
    list(body, nodes, (node) => node.name, row, (element, node) => element.show(node, time));
  }

  function row(node) {
    const state = stateMark();
    const since = h("span", { class: "why" });
    const cells = Object.fromEntries(["in", "out", "peers", "queue", "errors"].map((name) => [name, h("td", { role: "cell", class: "num" })]));
    for (const [name, label] of [["in", "In /s"], ["out", "Out /s"], ["peers", "Peers"], ["queue", "Queue"], ["errors", "Errors"]]) cells[name].dataset.label = label;
    const line = s("path");
    const area = s("path", { class: "spark-area" });
    const acts = h("div", { class: "buttons tight" });
    const note = h("span", { class: "why" });
    const element = h(
      "tr",
      { role: "row" },
      h("td", { role: "cell", class: "col-name" }, h("div", { class: "cell-main" }, h("a", { href: `#/nodes/${encodeURIComponent(node.name)}` }, node.name), note)),
      h("td", { role: "cell", class: "col-state" }, h("div", { class: "cell-main" }, state, since)),
      cells.in,
      cells.out,
      h("td", { role: "cell", class: "col-spark" }, s("svg", { class: "spark", viewBox: "0 0 128 32", preserveAspectRatio: "none", "aria-hidden": "true" }, area, line)),
      cells.peers,
      cells.queue,
      cells.errors,
      h("td", { role: "cell", class: "col-act" }, acts),
    );
    element.show = (node, time) => {
      showState(state, node);
      text(since, `for ${lasted(time - node.since)}`);
      text(note, `${plural(node.topics, "topic")}${node.commands > 0 ? `, ${plural(node.commands, "command")}` : ""}`);
      text(cells.in, count(node.values.messages_in));
      text(cells.out, count(node.values.messages_out));
      text(cells.peers, whole(node.connected_to.length + node.connected_from.length));
      text(cells.queue, bytes(node.values.queue_bytes));
      text(cells.errors, count(node.errors));
      const d = spark((recent.get(node.name) ?? []).map(([, value]) => value));
      set(line, "d", d);
      set(area, "d", d === "" ? "" : `${d}L128 32L0 32Z`);
      showActions(acts, node);
    };
    return element;
  }

  return { element, title: "Fleet", query: "", load, update };
}

function tile(label) {
  const value = h("span", {}, "–");
  const unit = h("span", { class: "unit" });
  const note = h("dd", { class: "note" });
  const element = h("div", { class: "tile" }, h("dt", {}, label), h("dd", {}, value, unit), note);
  return {
    element,
    show(number, of, said, bad = false) {
      text(value, number);
      text(unit, of ?? "");
      text(note, said);
      set(element, "data-tone", bad ? "bad" : null);
    },
  };
}
