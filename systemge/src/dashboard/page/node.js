// One node.

import { h } from "./dom.js";

export function nodePage(name, tab) {
  return { element: h("div", { class: "page" }, h("h1", {}, name)), title: name, query: `?node=${encodeURIComponent(name)}`, part: { node: name, tab }, turn() {} };
}
