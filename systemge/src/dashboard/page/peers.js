// The peers of a node, and how to change them.

import { nodePath, send } from "./api.js";
import { h, icon, list, once, tableOf, text, toast } from "./dom.js";
import { bytes, count, dated, lasted, measured } from "./format.js";

const STATES = { connected: ["running", "Connected"], dialling: ["starting", "Dialling"], waiting: ["degraded", "Waiting"], gave_up: ["failed", "Gave up"] };

/** How long before its end a certificate is worth a thought: two weeks. */
const SOON = 14 * 86_400_000;

export function peersTab(name) {
  const body = h("tbody");
  const empty = h("p", { class: "empty" }, "No peer: the node dials nobody, and nobody has dialled it.");
  const table = tableOf("Peers", ["Peer", "State", "Transport", "Round trip", "Last heard", "Out", "In", "Queue", "Dropped", ""], body, ["Round trip", "Last heard", "Out", "In", "Queue", "Dropped"]);
  const endpoint = h("input", { id: "endpoint", name: "endpoint", required: true, placeholder: "tcp://127.0.0.1:60001", spellcheck: "false", autocomplete: "off", class: "mono" });
  const error = h("p", { class: "form-error", role: "alert" });
  const button = h("button", { class: "button" }, "Connect");
  const form = h("form", { class: "field" }, h("label", { for: "endpoint" }, "Dial another peer"), h("div", { class: "form-row" }, endpoint, button), error);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    error.textContent = "";
    try {
      const done = await send(nodePath(name, "/connect"), { endpoint: endpoint.value.trim() });
      toast(`${name} is ${done.result}.`);
      endpoint.value = "";
    } catch (failure) {
      error.textContent = failure.message;
    }
    button.disabled = false;
  });
  const element = h(
    "div",
    { class: "page" },
    h("section", { class: "card" }, h("div", { class: "card-head" }, h("h2", {}, "Peers")), empty, table),
    globalThis.systemgeReadOnly ? null : h("section", { class: "card card-body" }, form),
  );

  async function disconnect(endpoint) {
    try {
      await send(nodePath(name, "/disconnect"), { endpoint });
      toast(`${endpoint} is no longer dialled.`);
    } catch (failure) {
      toast(failure.message, "bad");
    }
  }

  function row(peer) {
    const title = h("span", { class: "name" });
    const note = h("span", { class: "why" });
    const state = h("td");
    const transport = h("td");
    const cells = Array.from({ length: 6 }, () => h("td", { class: "num" }));
    const end = h("td", { class: "num" });
    if (peer.endpoint !== undefined && !globalThis.systemgeReadOnly) {
      end.append(h("button", { class: "button quiet compact", type: "button", "aria-label": `Disconnect ${peer.endpoint}`, onclick: () => disconnect(peer.endpoint) }, "Disconnect"));
    }
    const element = h("tr", {}, h("td", {}, h("div", { class: "cell-main" }, title, note)), state, transport, cells, end);
    element.show = (peer) => {
      text(title, peer.name || peer.endpoint);
      text(note, peer.direction === "dialled" ? `dialled${peer.name ? ` at ${peer.endpoint}` : ""}` : `dialled this node`);
      once(state, [peer.state, peer.why, peer.retry_in === undefined ? null : Math.ceil(peer.retry_in / 1000)], ([key, why, retry]) => {
        const [shape, label] = STATES[key];
        return h("div", { class: "cell-main" }, h("span", { class: "state", "data-state": shape }, icon(shape), label), why === undefined ? null : h("span", { class: "why" }, why), retry === null ? null : h("span", { class: "why" }, `again in ${retry} s`));
      });
      once(transport, [peer.transport, peer.certificate], ([kind, certificate]) =>
        h("div", { class: "cell-main" }, h("span", {}, kind ?? "–"), certificate === undefined ? null : identity(certificate)),
      );
      const shown = [measured(peer.round_trip, "seconds"), peer.silence === null ? "–" : `${lasted(peer.silence * 1000)} ago`, measured(peer.written_rate, "bytes per second"), measured(peer.read_rate, "bytes per second"), bytes(peer.queue_bytes), dropped(peer.dropped)];
      shown.forEach((value, index) => text(cells[index], value));
    };
    return element;
  }

  // who the peer is by its certificate, and for how long
  function identity({ names, fingerprint, expires }) {
    const left = expires === null ? Infinity : expires - Date.now();
    const until = expires === null ? null : left < 0 ? `expired on ${dated(expires)}` : `valid until ${dated(expires)}`;
    const kind = left < 0 ? "why bad" : left < SOON ? "why warn" : "why";
    return [h("span", { class: "why", title: fingerprint }, names.join(", ") || fingerprint), until === null ? null : h("span", { class: kind }, until)];
  }

  function dropped(reasons) {
    const some = Object.entries(reasons).filter(([, number]) => number > 0);
    return some.length === 0 ? "0" : some.map(([reason, number]) => `${count(number)} ${reason.replace("_", " ")}`).join(", ");
  }

  return {
    element,
    update(node) {
      empty.hidden = node.peers.length > 0;
      table.hidden = node.peers.length === 0;
      list(body, node.peers, (peer) => `${peer.direction} ${peer.endpoint ?? peer.name}`, row, (element, peer) => element.show(peer));
    },
  };
}
