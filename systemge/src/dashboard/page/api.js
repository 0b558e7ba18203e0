// The HTTP API, and the stream of what happens.

export class ApiError extends Error {
  constructor(status, detail, body) {
    super(detail);
    this.status = status;
    this.body = body;
  }
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", cache: "no-store", ...options });
  } catch {
    throw new ApiError(0, "The dashboard does not answer. Is the program still running?");
  }
  const body = response.status === 204 ? null : await response.json().catch(() => null);
  if (response.status === 401) dispatchEvent(new Event("systemge-login"));
  if (!response.ok) {
    // an action that failed tells its result, everything else is a problem with its detail
    const why = body?.outcome === undefined ? body?.detail : body.result;
    throw new ApiError(response.status, why ?? response.statusText, body);
  }
  return body;
}

export const read = (path, signal) => ask(path, { signal });

export const send = (path, body = {}) =>
  ask(path, { method: "POST", headers: { "content-type": "application/json", "x-systemge-dashboard": "1" }, body: JSON.stringify(body) });

export const nodePath = (name, rest = "") => `/api/nodes/${encodeURIComponent(name)}${rest}`;

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 5_000;
/** How long the stream may be silent: it speaks once a second. */
const SILENCE = 6_000;

/**
 * The stream of the present. Calls `onUpdate(data)` about once a second, `onState("live" | "connecting" | "lost")` when that
 * changes. A page that nobody sees takes nothing.
 */
export class Live {
  #query = "";
  #source = null;
  #retry = null;
  #watchdog = null;
  #pause = FIRST_PAUSE;

  constructor(onUpdate, onState) {
    this.onUpdate = onUpdate;
    this.onState = onState;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#close() : this.#open()));
  }

  /** Begins, or begins again with another query. */
  watch(query) {
    if (query === this.#query && this.#source !== null) return;
    this.#query = query;
    this.#pause = FIRST_PAUSE;
    this.#open();
  }

  stop() {
    this.#close();
  }

  #open() {
    this.#close();
    if (document.hidden) return;
    const source = new EventSource(`/api/events${this.#query}`);
    this.#source = source;
    this.#listen();
    source.onmessage = (event) => {
      this.#pause = FIRST_PAUSE;
      this.#listen();
      this.onState("live");
      this.onUpdate(JSON.parse(event.data));
    };
    source.onerror = () => this.#lost();
  }

  #listen() {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#lost(), SILENCE);
  }

  #lost() {
    this.#close();
    this.onState("lost");
    this.#retry = setTimeout(async () => {
      // the stream does not say why it ends: a login may be over
      try {
        await read("/api/session");
      } catch (error) {
        if (error.status === 401) return;
      }
      this.#open();
    }, this.#pause);
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
  }

  #close() {
    this.#source?.close();
    this.#source = null;
    clearTimeout(this.#retry);
    clearTimeout(this.#watchdog);
  }
}
