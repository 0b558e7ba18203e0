// What is configured.

import { h } from "./dom.js";

export function settingsTab() {
  return { element: h("div", { class: "page" }) };
}
