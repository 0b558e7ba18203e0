// A WebSocket that comes back: it retries for ever with growing pauses and says in which state it is.

/** Milliseconds before the first retry; doubles with each failure, up to LONGEST_PAUSE. */
const SHORTEST_PAUSE = 500;
const LONGEST_PAUSE = 5_000;
/** Milliseconds in which a connection must be open and have said something; the server greets with the grid. */
const GREETING_LIMIT = 5_000;
/** Milliseconds between heartbeats; the server closes a connection that stays silent for too long. */
const HEARTBEAT_INTERVAL = 15_000;
/** Bytes that may wait in the socket; beyond it the network is stuck and new messages are refused. */
const MAX_BUFFERED = 1_000_000;

/**
 * Keeps a connection to `address`.
 *
 * `onState({name, seconds})` is called with `connecting`, `live` (the server has greeted) or `lost` (with the seconds
 * until the next attempt, 0 during it); `onText(text)` with each text frame.
 */
export class Connection {
  #address;
  #heartbeat;
  #onState;
  #onText;
  #socket = null;
  #state = "connecting";
  #failures = 0;
  #timers = { greeting: 0, heartbeat: 0, countdown: 0 };

  constructor({ address, heartbeat, onState, onText }) {
    this.#address = address;
    this.#heartbeat = heartbeat;
    this.#onState = onState;
    this.#onText = onText;
    // A laptop that wakes up or finds its network again should not wait for the rest of a pause.
    addEventListener("online", () => this.#retryAtOnce());
    document.addEventListener("visibilitychange", () => document.hidden || this.#retryAtOnce());
  }

  get live() {
    return this.#state === "live";
  }

  open() {
    this.#report(this.#failures === 0 ? "connecting" : "lost", 0);
    let socket;
    try {
      socket = new WebSocket(this.#address);
    } catch {
      // The browser refuses the address itself, for example plain ws: on an https: page.
      this.#lost();
      return;
    }
    this.#socket = socket;
    this.#timers.greeting = setTimeout(() => this.#drop(socket), GREETING_LIMIT);
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket || typeof data !== "string") return;
      if (!this.live) this.#greeted();
      this.#onText(data);
    };
    socket.onclose = () => this.#drop(socket);
  }

  /** Sends a frame; returns false when there is no connection that could take it. */
  send(text) {
    if (!this.live || this.#socket.readyState !== WebSocket.OPEN || this.#socket.bufferedAmount > MAX_BUFFERED) return false;
    this.#socket.send(text);
    return true;
  }

  #greeted() {
    clearTimeout(this.#timers.greeting);
    this.#failures = 0;
    this.#timers.heartbeat = setInterval(() => this.send(this.#heartbeat), HEARTBEAT_INTERVAL);
    this.#report("live", 0);
  }

  #drop(socket) {
    if (socket !== this.#socket) return;
    this.#socket = null;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
    this.#lost();
  }

  #lost() {
    clearTimeout(this.#timers.greeting);
    clearInterval(this.#timers.heartbeat);
    const pause = Math.min(SHORTEST_PAUSE * 2 ** this.#failures, LONGEST_PAUSE);
    this.#failures += 1;
    this.#countDown(performance.now() + pause);
  }

  #countDown(due) {
    const left = due - performance.now();
    if (left <= 0) {
      this.open();
      return;
    }
    this.#report("lost", Math.ceil(left / 1000));
    // The next whole second, so that the number on the page changes when it should.
    this.#timers.countdown = setTimeout(() => this.#countDown(due), Math.min(left, left % 1000 || 1000));
  }

  #retryAtOnce() {
    if (this.#state !== "lost" || this.#socket !== null) return;
    clearTimeout(this.#timers.countdown);
    this.open();
  }

  #report(name, seconds) {
    this.#state = name;
    this.#onState({ name, seconds });
  }
}
