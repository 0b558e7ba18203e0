// One node: its charts, topics, peers, commands and configuration.

import { showActions } from "./actions.js";
import { nodePath, read } from "./api.js";
import { Rows, chartCard } from "./chart.js";
import { commandsTab } from "./commands.js";
import { h, list, once, set, showState, stateMark, tableOf, text } from "./dom.js";
import { count, lasted, measured, whole } from "./format.js";
import { peersTab } from "./peers.js";
import { settingsTab } from "./settings.js";

const QUARTER = 15 * 60_000;
const DAY = 24 * 60 * 60_000;

const CHARTS = [
  { title: "Messages and requests", unit: "per second", series: [["messages_in", "in", "s1"], ["messages_out", "out", "s2"]] },
  { title: "Bytes", unit: "bytes per second", series: [["bytes_in", "in", "s1"], ["bytes_out", "out", "s2"]] },
  { title: "Responses", unit: "per second", series: [["responses", "received", "s1"], ["late", "too late", "s3"]] },
  { title: "Trouble", unit: "per second", series: [["errors", "errors", "sb"], ["dropped", "dropped", "s3"]] },
  { title: "Handler time", unit: "seconds", series: [["handler_p50", "p50", "s1"], ["handler_p99", "p99", "s5"]] },
  { title: "Waiting to be sent", unit: "bytes", series: [["queue_bytes", "queues", "s3"]] },
  { title: "HTTP requests", unit: "per second", series: [["http_requests", "requests", "s1"], ["http_errors", "errors", "sb"]] },
  { title: "WebSocket", unit: "", series: [["websocket_clients", "clients", "s1"]] },
  { title: "Tasks", unit: "", series: [["tasks", "tasks", "s5"], ["handlers_waiting", "handlers that wait", "s2"]] },
];
const PROCESS_CHARTS = [
  { title: "Memory of the process", unit: "bytes", series: [["memory", "resident", "s2"]] },
  { title: "Processor of the process", unit: "cores", series: [["cpu", "of one core", "s1"]] },
];

export function nodePage(name, tab) {
  const state = stateMark();
  const since = h("span", { class: "soft" });
  const acts = h("div", { class: "buttons" });
  const why = h("div", { hidden: true });
  const place = h("div");
  const tabs = h("nav", { class: "tabs", "aria-label": `Parts of ${name}` });
  const counts = {};
  const TABS = { overview: "Overview", topics: "Topics", peers: "Peers", commands: "Commands", settings: "Settings" };
  for (const [key, label] of Object.entries(TABS)) {
    counts[key] = h("span", { class: "count" });
    tabs.append(h("a", { href: `#/nodes/${encodeURIComponent(name)}${key === "overview" ? "" : `/${key}`}`, "data-tab": key }, label, counts[key]));
  }
  const gone = h("div", { class: "notice warn", hidden: true }, h("div", {}, h("strong", {}, `${name} is no longer here. `), "It was removed from its system; what is shown is the last that was known. ", h("a", { href: "#/" }, "To the fleet")));
  const element = h(
    "div",
    { class: "page" },
    h("div", { class: "page-head" }, h("div", { class: "page-title" }, h("h1", { class: "break" }, name), h("p", { class: "node-state" }, state, since)), acts),
    gone,
    why,
    tabs,
    place,
  );
  const MAKE = {
    overview: () => overviewTab(name),
    topics: () => topicsTab(),
    peers: () => peersTab(name),
    commands: () => commandsTab(name),
    settings: () => settingsTab(name),
  };
  const made = {};
  let current = null;
  let latest = null;

  const page = {
    element,
    title: name,
    query: `?node=${encodeURIComponent(name)}`,
    part: { node: name, tab },
    turn(wanted) {
      const key = Object.hasOwn(MAKE, wanted) ? wanted : "overview";
      made[key] ??= MAKE[key]();
      current = made[key];
      for (const link of tabs.children) set(link, "aria-current", link.dataset.tab === key ? "page" : null);
      place.replaceChildren(current.element);
      page.title = key === "overview" ? name : `${name}: ${TABS[key]}`;
      current.load?.();
      if (latest !== null) current.update?.(latest.node, latest.fleet);
    },
    async load(signal) {
      show(await read(nodePath(name), signal), null);
      await made.overview?.load?.(signal);
    },
    update({ node, fleet }) {
      // it was sent before the server knew which node the page shows
      if (node === undefined) return;
      gone.hidden = node !== null;
      if (node === null) {
        acts.replaceChildren();
        return;
      }
      show(node, fleet);
    },
  };

  function show(node, fleet) {
    showState(state, node);
    text(since, `for ${lasted((fleet?.time ?? Date.now()) - node.since)}`);
    showActions(acts, node, "");
    why.hidden = node.why.length === 0;
    once(why, [node.state, node.why], ([state, reasons]) => h("div", { class: `notice ${state === "failed" ? "bad" : "warn"}` }, h("ul", {}, reasons.map((reason) => h("li", { class: "break" }, reason)))));
    text(counts.topics, whole(node.handles.length));
    text(counts.peers, whole(node.peers.length));
    text(counts.commands, whole(node.command_list.length));
    if (fleet !== null) latest = { node, fleet };
    current?.update?.(node, fleet);
  }

  page.turn(tab);
  return page;
}

function overviewTab(name) {
  const names = CHARTS.flatMap(({ series }) => series.map(([name]) => name));
  const processNames = PROCESS_CHARTS.flatMap(({ series }) => series.map(([name]) => name));
  const spans = {
    second: { span: QUARTER, label: "15 minutes" },
    minute: { span: DAY, label: "24 hours" },
  };
  let resolution = "second";
  let rows = new Rows(names, QUARTER);
  let processRows = new Rows(processNames, QUARTER);
  const cards = [...CHARTS.map((chart) => [chart, () => rows]), ...PROCESS_CHARTS.map((chart) => [chart, () => processRows])].map(([{ title, unit, series }, from]) => {
    const card = chartCard({ title, series: series.map(([name, label, tone]) => ({ name, label, tone })), format: (value) => measured(value, unit), binary: unit.startsWith("bytes") });
    return { ...card, from, names: series.map(([name]) => name), own: from() === rows };
  });
  const buttons = Object.entries(spans).map(([key, { label }]) => h("button", { type: "button", "aria-pressed": String(key === resolution), onclick: () => choose(key) }, label));
  const facts = h("dl", { class: "facts" });
  const element = h(
    "div",
    { class: "page" },
    h("section", { class: "card" }, h("div", { class: "card-body" }, facts)),
    h("div", { class: "page-head" }, h("h2", {}, "Charts"), h("div", { class: "segments", role: "group", "aria-label": "Span of the charts" }, buttons)),
    h("div", { class: "charts" }, cards.map((card) => card.element)),
  );

  function choose(key) {
    resolution = key;
    Object.keys(spans).forEach((one, index) => set(buttons[index], "aria-pressed", String(one === key)));
    rows = new Rows(names, spans[key].span);
    processRows = new Rows(processNames, spans[key].span);
    load();
  }

  async function load(signal) {
    const wanted = resolution;
    const query = `?resolution=${wanted}`;
    try {
      const [past, process] = await Promise.all([read(nodePath(name, `/history${query}`), signal), read(`/api/process/history${query}`, signal)]);
      if (wanted !== resolution) return;
      rows.load(past);
      processRows.load(process);
    } catch (error) {
      if (signal === undefined) return;
      throw error;
    }
    draw({}, {});
  }

  let minute = null;
  function update(node, fleet) {
    once(facts, [node.endpoints, node.http, node.websocket, node.connected_to, node.connected_from], () => [
      fact("Listens for peers", node.endpoints.join(", ") || "nowhere"),
      node.http === undefined ? null : fact("HTTP", node.http),
      node.websocket === undefined ? null : fact("WebSocket", node.websocket),
      fact("Dialled and connected", node.connected_to.join(", ") || "nobody"),
      fact("Dialled by", node.connected_from.join(", ") || "nobody"),
    ]);
    if (fleet === null) return;
    if (resolution === "second") {
      if (rows.times.length === 0 || fleet.time - rows.times.at(-1) >= 900) {
        rows.add(fleet.time, node.values);
        processRows.add(fleet.time, fleet.process.values);
      }
    } else if (Math.floor(fleet.time / 60_000) !== minute) {
      minute = Math.floor(fleet.time / 60_000);
      load();
    }
    draw(node.values, fleet.process.values);
  }

  function draw(now, process) {
    for (const card of cards) {
      // what this program does not have, such as a web component, has no chart
      const from = card.from();
      card.element.hidden = !card.names.some((series) => from.values(series).some((value) => value !== null));
      card.show(from, card.own ? now : process);
    }
  }

  return { element, load, update };
}

const fact = (label, value) => h("div", {}, h("dt", {}, label), h("dd", {}, value));

function topicsTab() {
  const handled = h("tbody");
  const called = h("tbody");
  const none = h("p", { class: "empty" }, "It handles no topics: it only calls others, or serves pages.");
  const quiet = h("p", { class: "empty" }, "It has called no topic yet.");
  const handledTable = tableOf("Topics that it handles", ["Topic", "Kind", "Received", "Errors", "Time p50", "Time p99", "Payload", "Response"], handled, ["Received", "Errors", "Time p50", "Time p99"]);
  const calledTable = tableOf("Topics that it calls", ["Topic", "Kind", "Sent", "Errors", "Handled by"], called, ["Sent", "Errors"]);
  const element = h(
    "div",
    { class: "page" },
    h("section", { class: "card" }, h("div", { class: "card-head" }, h("h2", {}, "Handles")), none, handledTable),
    h("section", { class: "card" }, h("div", { class: "card-head" }, h("h2", {}, "Calls")), quiet, calledTable),
  );
  return {
    element,
    update(node) {
      none.hidden = node.handles.length > 0;
      handledTable.hidden = node.handles.length === 0;
      quiet.hidden = node.calls.length > 0;
      calledTable.hidden = node.calls.length === 0;
      list(handled, node.handles, (topic) => topic.name, (topic) => {
        const cells = Array.from({ length: 4 }, () => h("td", { class: "num" }));
        const mark = h("span", {});
        const row = h("tr", {}, h("td", {}, h("div", { class: "cell-main" }, h("span", { class: "name mono" }, topic.name), mark)), h("td", {}, topic.kind), cells, h("td", {}, h("code", { class: "soft break" }, topic.payload)), h("td", {}, h("code", { class: "soft break" }, topic.response ?? "–")));
        row.show = (topic) => {
          text(cells[0], count(topic.received));
          text(cells[1], count(topic.errors));
          text(cells[2], measured(topic.p50, "seconds"));
          text(cells[3], measured(topic.p99, "seconds"));
          once(mark, topic.announced, (announced) => (announced ? "" : h("span", { class: "badge warn" }, "withdrawn")));
        };
        return row;
      }, (row, topic) => row.show(topic));
      list(called, node.calls, (call) => call.name, (call) => {
        const cells = Array.from({ length: 2 }, () => h("td", { class: "num" }));
        const by = h("td");
        const row = h("tr", {}, h("td", {}, h("span", { class: "name mono" }, call.name)), h("td", {}, call.kind), cells, by);
        row.show = (call) => {
          text(cells[0], count(call.sent));
          text(cells[1], count(call.errors));
          once(by, call.providers, (providers) => (providers.length === 0 ? h("span", { class: "badge bad" }, "no connected node") : providers.join(", ")));
        };
        return row;
      }, (row, call) => row.show(call));
    },
  };
}
