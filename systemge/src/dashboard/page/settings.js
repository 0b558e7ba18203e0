// What is configured: what can be changed now, and where every value comes from.

import { nodePath, read, send } from "./api.js";
import { h, list, set, tableOf, text, toast } from "./dom.js";

const HINTS = { duration: "such as 250ms, 10s or 5m", count: "a whole number", networks: "networks such as 10.0.0.0/8, with commas between them" };

const SOURCES = { default: "default", file: "file", environment: "environment", code: "code of the program", runtime: "changed while it runs" };

/** A key with its value, and who has said so. */
function configured({ key, value, from, place }) {
  const source = h("td", { class: "source" }, SOURCES[from], place === "" ? null : h("span", { class: "why mono" }, place));
  return h("tr", { "data-from": from }, h("td", {}, h("code", { class: "name" }, key)), h("td", { class: "value" }, value), source);
}

export function settingsTab(name) {
  const live = h("tbody");
  const written = h("tbody");
  const table = tableOf("The configuration that holds", ["Key", "Value", "From"], written);
  const only = h("button", { type: "button", "aria-pressed": "false", onclick: () => choose(true) }, "What is set");
  const all = h("button", { type: "button", "aria-pressed": "true", onclick: () => choose(false) }, "All keys");
  const none = h("p", { class: "empty", hidden: true }, "Nothing is set: every key has its default.");
  const element = h(
    "div",
    { class: "page" },
    h(
      "section",
      { class: "card settings" },
      h("div", { class: "card-head" }, h("div", {}, h("h2", {}, "Settings"), h("p", { class: "soft small" }, "A change holds at once, and until the program ends; it is written nowhere."))),
      tableOf("Settings that can be changed now", ["Key", "Value", "Configured"], live),
    ),
    h("section", { class: "card settings" }, h("div", { class: "card-head" }, h("div", {}, h("h2", {}, "Configuration"), h("p", { class: "soft small" }, "What holds for this node, and who has said so.")), h("div", { class: "segments", role: "group", "aria-label": "Which keys are shown" }, only, all)), none, table),
  );

  /** Whether keys that have their defaults are left out. */
  function choose(left) {
    set(only, "aria-pressed", String(left));
    set(all, "aria-pressed", String(!left));
    for (const line of written.children) line.hidden = left && line.dataset.from === "default";
    none.hidden = [...written.children].some((line) => !line.hidden);
    table.hidden = !none.hidden;
  }

  let seen = null;
  async function load() {
    try {
      const { settings, configuration } = await read(nodePath(name, "/settings"));
      list(live, settings, (setting) => setting.key, row, (element, setting) => element.show(setting));
      list(written, configuration, (one) => `${one.key} ${one.value} ${one.from} ${one.place}`, configured);
      choose(only.getAttribute("aria-pressed") === "true");
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
