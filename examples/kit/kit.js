// What every sample's page needs: the connection to the gateway, its state in the masthead, and errors that are seen.

import { Connection } from "./connection.js";

/** Milliseconds for which an error stays. */
const ERROR_TIME = 6_000;

/** Where the gateway's WebSocket is: `?ws=ws://host:port/path`, or port 8443 of the page's own host. */
function websocketAddress() {
  const wanted = new URLSearchParams(location.search).get("ws");
  const address = wanted !== null && URL.canParse(wanted) ? new URL(wanted) : null;
  if (address?.protocol === "ws:" || address?.protocol === "wss:") return address.href;
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  return `${scheme}//${location.hostname || "127.0.0.1"}:8443/ws`;
}

export function encode(topic, payload = "") {
  return JSON.stringify({ topic, payload: typeof payload === "string" ? payload : JSON.stringify(payload) });
}

/**
 * Connects the page. `topics` maps the name of a topic to a function that takes its payload as text; `onLive()` is
 * called each time the gateway has greeted, `onLost()` when it is gone, `onError()` with what it refuses. Returns `send(topic, payload)`, which shows an error where nothing can be
 * sent.
 */
export function connect({ topics, onLive = () => {}, onLost = () => {}, onError = () => {} }) {
  const state = document.getElementById("connection");
  const stateText = document.getElementById("connection-text");
  const errors = document.getElementById("errors");
  let timer = 0;

  const showError = (text) => {
    errors.textContent = text.slice(0, 300);
    errors.hidden = false;
    clearTimeout(timer);
    timer = setTimeout(() => (errors.hidden = true), ERROR_TIME);
  };

  const connection = new Connection({
    address: websocketAddress(),
    heartbeat: encode("heartbeat"),
    onState({ name, seconds }) {
      const changed = state.dataset.state !== name;
      state.dataset.state = name;
      stateText.textContent =
        name === "live" ? "Live" : name === "connecting" ? "Connecting" : seconds > 0 ? `Lost: retrying in ${seconds} s` : "Lost: retrying now";
      if (changed && name === "live") onLive();
      if (changed && name === "lost") onLost();
    },
    onText(text) {
      let frame;
      try {
        frame = JSON.parse(text);
      } catch {
        showError("The server sent a message that is not JSON.");
        return;
      }
      if (frame?.topic === "error") {
        const refusal = String(frame.payload);
        showError(refusal);
        onError(refusal);
      } else topics[frame?.topic]?.(String(frame.payload));
    },
  });
  connection.open();
  return (topic, payload) => {
    const sent = connection.send(encode(topic, payload));
    if (!sent) showError("Not connected: nothing was sent.");
    return sent;
  };
}

/** A new element with a class and a text. Text is never HTML. */
export function element(name, className, text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}
