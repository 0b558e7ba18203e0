// Who dials whom.

import { h } from "./dom.js";

export function topologyPage() {
  return { element: h("div", { class: "page" }, h("h1", {}, "Topology")), title: "Topology", query: "?topology=true" };
}
