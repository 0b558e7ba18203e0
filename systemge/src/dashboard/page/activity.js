// What was done, by whom, and how it went.

import { read } from "./api.js";
import { h, icon, list, once, text } from "./dom.js";
import { moment } from "./format.js";

const OUTCOMES = { done: ["running", "Done"], failed: ["failed", "Failed"], running: ["stopping", "Under way"], refused: ["stopped", "Refused"] };

export function outcomeMark(outcome) {
  const [state, label] = OUTCOMES[outcome] ?? ["stopped", outcome];
  return h("span", { class: "state", "data-state": state }, icon(outcome === "done" ? "good" : state), label);
}

export function activityPage() {
  const body = h("tbody");
  const empty = h("p", { class: "empty" }, "Nothing was done yet. Whatever people do here or through the API is listed: who, what, when, and how it went.");
  const table = h(
    "div",
    { class: "table-scroll", hidden: true },
    h("table", { "aria-label": "What was done" }, h("thead", {}, h("tr", {}, ["When", "What", "Node", "Who", "Outcome", "Result"].map((label) => h("th", {}, label)))), body),
  );
  const element = h("div", { class: "page" }, h("div", { class: "page-title" }, h("h1", {}, "Activity"), h("p", { class: "soft" }, "The last 200 actions of this process, the newest first.")), h("section", { class: "card" }, empty, table));
  let seen = null;
  let busy = false;

  async function load(signal) {
    const { entries } = await read("/api/audit", signal);
    empty.hidden = entries.length > 0;
    table.hidden = entries.length === 0;
    list(body, entries, (entry) => entry.id, row, (element, entry) => element.show(entry));
  }

  async function update({ fleet }) {
    if (fleet.audit === seen || busy) return;
    busy = true;
    seen = fleet.audit;
    try {
      await load();
    } catch {
      seen = null;
    }
    busy = false;
  }

  function row(entry) {
    const outcome = h("td");
    const result = h("td", { class: "break" });
    const element = h(
      "tr",
      {},
      h("td", { class: "soft" }, h("time", { datetime: new Date(entry.time).toISOString() }, moment(entry.time))),
      h("td", {}, h("div", { class: "cell-main" }, h("span", { class: "name" }, entry.action), entry.detail === "" ? null : h("code", { class: "why" }, entry.detail))),
      h("td", {}, entry.node === "" ? h("span", { class: "soft" }, "–") : h("a", { href: `#/nodes/${encodeURIComponent(entry.node)}` }, entry.node)),
      h("td", {}, h("div", { class: "cell-main" }, h("span", {}, entry.role === "operator" ? "Operator" : "Read-only"), h("span", { class: "why mono" }, entry.address))),
      outcome,
      result,
    );
    element.show = (entry) => {
      once(outcome, entry.outcome, outcomeMark);
      text(result, entry.result);
    };
    return element;
  }

  return { element, title: "Activity", query: "", load, update };
}
