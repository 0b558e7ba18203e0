// The commands of a node, as forms made from their arguments.

import { outcomeMark } from "./activity.js";
import { nodePath, read, send } from "./api.js";
import { h, list, once, set, tableOf, text } from "./dom.js";
import { moment } from "./format.js";

const WHOLE = /^[iu](8|16|32|64|128|size)$/;
const FRACTION = /^f(32|64)$/;
/** Integers that a number field of the browser keeps exactly. */
const EXACT = /^[iu](8|16|32)$/;

export function commandsTab(name) {
  const forms = h("div", { class: "commands" });
  const empty = h("section", { class: "card empty", hidden: true }, "This node has no commands. A block ", h("code", {}, "#[systemge::commands]"), " gives it some.");
  const past = h("tbody");
  const table = tableOf("History of commands", ["When", "Command", "Who", "Outcome", "Result"], past);
  const history = h("section", { class: "card", hidden: true }, h("div", { class: "card-head" }, h("h2", {}, "History")), table);
  const element = h("div", { class: "page" }, empty, forms, history);
  let seen = null;

  async function load() {
    try {
      const { entries } = await read(`/api/audit?node=${encodeURIComponent(name)}`);
      const runs = entries.filter((entry) => entry.action === "command").slice(0, 50);
      history.hidden = runs.length === 0;
      list(past, runs, (entry) => entry.id, row, (element, entry) => element.show(entry));
    } catch {
      seen = null;
    }
  }

  function row(entry) {
    const outcome = h("td");
    const result = h("td", { class: "break" });
    const element = h("tr", {}, h("td", { class: "soft" }, moment(entry.time)), h("td", {}, h("code", { class: "break" }, entry.detail)), h("td", { class: "soft" }, entry.role === "operator" ? "Operator" : "Read-only"), outcome, result);
    element.show = (entry) => {
      once(outcome, entry.outcome, outcomeMark);
      text(result, entry.result);
    };
    return element;
  }

  return {
    element,
    update(node, fleet) {
      empty.hidden = node.command_list.length > 0;
      list(forms, node.command_list, (command) => command.name, (command) => commandForm(name, command), (form) => form.allow(node.state === "running" || node.state === "degraded"));
      if (fleet !== null && fleet.audit !== seen) {
        seen = fleet.audit;
        load();
      }
    },
  };
}

function commandForm(node, command) {
  const id = (argument) => `command-${command.name}-${argument.name}`;
  const fields = command.arguments.map((argument) => ({ argument, input: inputFor(argument, id(argument)) }));
  const button = h("button", { class: "button primary" }, "Run");
  const note = h("span", { class: "soft small" });
  const result = h("pre", { class: "result", tabindex: 0, role: "status", hidden: true, "aria-label": `Result of ${command.name}` });
  const form = h(
    "form",
    { class: "card command", "data-command": command.name, "aria-label": command.name },
    h("div", {}, h("h2", { class: "mono" }, command.name), command.help === "" ? null : h("p", { class: "command-help" }, command.help)),
    fields.length === 0
      ? null
      : h(
          "div",
          { class: "command-fields" },
          fields.map(({ argument, input }) => h("div", { class: "field" }, h("label", { for: input.id }, argument.name, h("span", { class: "type" }, described(argument))), input)),
        ),
    h("div", { class: "command-foot" }, button, note),
    result,
  );
  let allowed = true;
  let busy = false;
  const enable = () => set(button, "disabled", busy || !allowed || Boolean(globalThis.systemgeReadOnly));
  form.allow = (running) => {
    allowed = running;
    text(note, globalThis.systemgeReadOnly ? "This login may only look." : running ? "" : "The node is not running.");
    enable();
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    busy = true;
    enable();
    result.hidden = false;
    result.className = "result busy";
    result.textContent = "Under way …";
    try {
      const done = await send(nodePath(node, `/commands/${encodeURIComponent(command.name)}`), { arguments: given(fields) });
      result.className = done.outcome === "running" ? "result busy" : "result";
      result.textContent = done.outcome === "running" ? "It takes longer; the history will show how it went." : done.result || "Done.";
    } catch (error) {
      result.className = "result bad";
      result.textContent = error.message;
    }
    busy = false;
    enable();
  });
  return form;
}

const described = ({ type, presence }) => (presence === "optional" ? `${type}, optional` : presence === "rest" ? `${type}, one per line` : type);

function inputFor({ type, presence }, id) {
  const required = presence === "required";
  if (presence === "rest") return h("textarea", { id, name: id, rows: 3, spellcheck: "false" });
  if (type === "bool") {
    const options = [["true", "true"], ["false", "false"]];
    if (!required) options.unshift(["", "left out"]);
    return h("select", { id, name: id }, options.map(([value, label]) => h("option", { value }, label)));
  }
  if (EXACT.test(type)) {
    const bits = Number(type.slice(1));
    const signed = type.startsWith("i");
    return h("input", { id, name: id, type: "number", step: 1, required, min: signed ? -(2 ** (bits - 1)) : 0, max: 2 ** (signed ? bits - 1 : bits) - 1 });
  }
  const pattern = WHOLE.test(type) ? (type.startsWith("i") ? "-?[0-9]+" : "[0-9]+") : null;
  return h("input", { id, name: id, type: FRACTION.test(type) ? "number" : "text", step: FRACTION.test(type) ? "any" : null, pattern, inputmode: pattern === null ? null : "numeric", required: required && type !== "String", spellcheck: "false", autocomplete: "off" });
}

/** The arguments that were filled in; what is empty is left out, unless it has to be there. */
function given(fields) {
  const values = {};
  for (const { argument, input } of fields) {
    if (argument.presence === "rest") {
      const lines = input.value.split("\n").filter((line) => line !== "");
      if (lines.length > 0) values[argument.name] = lines;
    } else if (input.value !== "" || argument.presence === "required") {
      values[argument.name] = input.value;
    }
  }
  return values;
}
