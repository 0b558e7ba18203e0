// Time: asks for generations at a chosen pace, and for no more than the server keeps up with.

/** Generations that may be asked for and not answered; beyond it the page waits for the server. */
const MAX_UNANSWERED = 3;
/** Milliseconds without an answer after which the page says so and asks again. */
const ANSWER_LIMIT = 5_000;

export class Pace {
  #ask;
  #onSilence;
  #interval = 100;
  #timer = 0;
  #due = 0;
  #unanswered = 0;
  #lastAnswer = 0;
  running = false;

  /** `ask()` sends the question and returns whether it could; `onSilence()` is told when no answer came. */
  constructor({ ask, onSilence }) {
    this.#ask = ask;
    this.#onSilence = onSilence;
  }

  /** Generations per second. */
  set speed(perSecond) {
    const before = this.#interval;
    this.#interval = 1000 / perSecond;
    if (!this.running) return;
    this.#due += this.#interval - before;
    this.#schedule();
  }

  start() {
    this.running = true;
    this.#due = performance.now();
    this.#schedule();
  }

  stop() {
    this.running = false;
    clearTimeout(this.#timer);
  }

  /** Asks for one generation now; returns whether the question was sent. */
  step() {
    if (this.#unanswered >= MAX_UNANSWERED || !this.#ask()) return false;
    if (this.#unanswered === 0) this.#lastAnswer = performance.now();
    this.#unanswered += 1;
    return true;
  }

  /** A generation has arrived. */
  answered() {
    this.#unanswered = Math.max(0, this.#unanswered - 1);
    this.#lastAnswer = performance.now();
  }

  /** The connection is new: nothing that was asked before will be answered. */
  forget() {
    this.#unanswered = 0;
  }

  /** Gives up on answers that are overdue. */
  check(now) {
    if (this.#unanswered === 0 || now - this.#lastAnswer < ANSWER_LIMIT) return;
    this.#unanswered = 0;
    this.#onSilence();
  }

  #schedule() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, this.#due - performance.now()));
  }

  #tick() {
    const now = performance.now();
    this.step();
    // Timers come late; counting from the due time keeps the pace. What is missed by more than a step is not made up.
    this.#due = Math.max(this.#due + this.#interval, now);
    this.#schedule();
  }
}
