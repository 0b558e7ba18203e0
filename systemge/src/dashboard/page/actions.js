// What can be done to a node: asked back where it hurts, with the result.

import { nodePath, send } from "./api.js";
import { h, icon, once, set, toast } from "./dom.js";

const ACTIONS = {
  start: { label: "Start" },
  restart: {
    label: "Restart",
    title: (name) => `Restart ${name}?`,
    effect: "It finishes what is in flight, stops, and starts again. Its peers lose the connection for that long, and dial it again by themselves.",
  },
  drain: {
    label: "Drain",
    title: (name) => `Drain ${name}?`,
    effect: "It tells its peers to ask others, refuses new requests, and finishes what is in flight. A restart makes it take requests again.",
  },
  stop: {
    label: "Stop",
    danger: true,
    title: (name) => `Stop ${name}?`,
    effect: "It finishes what is in flight, says goodbye to its peers, and stays stopped until somebody starts it.",
  },
};

const offered = (node) => {
  if (node.state === "stopped" || node.state === "failed") return ["start"];
  if (node.state === "starting" || node.state === "stopping") return node.state === "starting" ? ["stop"] : [];
  return node.draining ? ["restart", "stop"] : ["restart", "drain", "stop"];
};

/** Keeps the buttons of a node as its state wants them. */
export function showActions(place, node, look = "quiet compact") {
  once(place, globalThis.systemgeReadOnly ? [] : offered(node), (names) =>
    names.map((name) =>
      h("button", { class: `button ${look}`, type: "button", "data-action": name, "aria-label": `${ACTIONS[name].label} ${node.name}`, onclick: () => act(name, node.name) }, ACTIONS[name].label),
    ),
  );
}

async function act(name, node) {
  const action = ACTIONS[name];
  if (action.title === undefined) {
    try {
      const done = await send(nodePath(node, `/${name}`));
      toast(said(done));
    } catch (error) {
      toast(`${node} could not be started: ${error.message}`, "bad");
    }
    return;
  }
  confirm(action, node, () => send(nodePath(node, `/${name}`)));
}

const said = (done) => (done.outcome === "running" ? "It takes longer; the page “Activity” will show how it went." : `${done.result || "Done"}.`);

/** Asks, does, and shows what came of it, in one dialog. */
function confirm(action, node, run) {
  const result = h("div", { role: "status" });
  const cancel = h("button", { class: "button", type: "button" }, "Cancel");
  const go = h("button", { class: `button ${action.danger ? "danger" : "primary"}`, type: "button", "data-confirm": "" }, action.label);
  const dialog = h(
    "dialog",
    { "aria-labelledby": "dialog-title" },
    h("div", { class: "dialog-body" }, h("h2", { id: "dialog-title" }, action.title(node)), h("p", { class: "soft" }, action.effect), result),
    h("div", { class: "dialog-foot" }, cancel, go),
  );
  cancel.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  go.addEventListener("click", async () => {
    go.disabled = true;
    result.replaceChildren(h("p", { class: "state", "data-state": "stopping" }, icon("stopping"), "Under way …"));
    try {
      const done = await run();
      result.replaceChildren(h("p", { class: "state", "data-state": "running" }, icon("good"), said(done)));
    } catch (error) {
      result.replaceChildren(h("p", { class: "state", "data-state": "failed" }, icon("failed"), h("span", { class: "break" }, error.message)));
    }
    go.hidden = true;
    cancel.textContent = "Close";
    set(cancel, "data-done", true);
    cancel.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
  cancel.focus();
}
