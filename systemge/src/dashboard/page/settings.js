// What is configured: what can be changed now, and where every value comes from.

import { nodePath, read, send } from "./api.js";
import { h, list, set, tableOf, text, toast } from "./dom.js";

const HINTS = { duration: "such as 250ms, 10s or 5m", count: "a whole number", networks: "networks such as 10.0.0.0/8, with commas between them" };

export function settingsTab(name) {
  const live = h("tbody");
  const written = h("tbody");
  const note = h("p", { class: "empty" });
  const table = tableOf("What the configuration says", ["Key", "Value", "From"], written);
  const element = h(
    "div",
    { class: "page" },
    h(
      "section",
      { class: "card settings" },
      h("div", { class: "card-head" }, h("div", {}, h("h2", {}, "Settings"), h("p", { class: "soft small" }, "A change holds at once, and until the program ends; it is written nowhere."))),
      tableOf("Settings that can be changed now", ["Key", "Value", "Configured"], live),
    ),
    h("section", { class: "card settings" }, h("div", { class: "card-head" }, h("div", {}, h("h2", {}, "Configuration"), h("p", { class: "soft small" }, "What the file and the environment say of this node. Every other key has its default."))), note, table),
  );

  let seen = null;
  async function load() {
    try {
      const { settings, configuration, by_program: byProgram } = await read(nodePath(name, "/settings"));
      list(live, settings, (setting) => setting.key, row, (element, setting) => element.show(setting));
      table.hidden = configuration.length === 0;
      note.hidden = configuration.length > 0;
      text(note, byProgram ? "The program itself has configured this node, in code." : "Nothing is set: every key has its default.");
      list(written, configuration, (one) => `${one.key} ${one.source}`, ({ key, value, source }) => h("tr", {}, h("td", {}, h("code", { class: "name" }, key)), h("td", { class: "value" }, value), h("td", { class: "soft" }, source)));
    } catch {
      // the sign at the top says that nobody answers; it is tried again with the next change
      seen = null;
    }
  }

  function row(setting) {
    const id = `setting-${setting.key}`;
    const input = h("input", { id, name: id, class: "mono", spellcheck: "false", autocomplete: "off", "aria-describedby": `${id}-hint` });
    const button = h("button", { class: "button compact" }, "Set");
    const error = h("p", { class: "form-error", role: "alert" });
    const value = h("td");
    const configured = h("td", { class: "value soft" });
    let current = setting.value;
    /** Whether somebody has typed something that is not set yet. */
    let typed = false;
    if (globalThis.systemgeReadOnly) {
      value.append(h("span", { class: "value" }));
    } else {
      const form = h("form", { "aria-label": setting.key }, input, button, error);
      const changed = () => {
        typed = input.value.trim() !== current;
        set(button, "disabled", !typed);
      };
      input.addEventListener("input", changed);
      form.addEventListener("submit", async (event) => {
        event.preventDefault();
        button.disabled = true;
        error.textContent = "";
        try {
          const done = await send(nodePath(name, "/settings"), { key: setting.key, value: input.value });
          typed = false;
          toast(`${done.result}.`);
          await load();
        } catch (failure) {
          error.textContent = failure.message;
          button.disabled = false;
        }
      });
      value.append(form);
    }
    const element = h("tr", {}, h("td", {}, h("div", { class: "cell-main" }, h("label", { for: id, class: "name mono" }, setting.key), h("span", { class: "why", id: `${id}-hint` }, `${setting.help} ${HINTS[setting.kind][0].toUpperCase()}${HINTS[setting.kind].slice(1)}.`))), value, configured);
    element.show = (setting) => {
      // what somebody is typing stays
      current = setting.value;
      if (!typed) input.value = setting.value;
      set(button, "disabled", input.value.trim() === current);
      text(configured, setting.configured || "empty");
      if (globalThis.systemgeReadOnly) text(value.firstElementChild, setting.value || "empty");
    };
    return element;
  }

  return {
    element,
    load,
    update(node, fleet) {
      if (fleet === null || fleet.audit === seen) return;
      seen = fleet.audit;
      load();
    },
  };
}
