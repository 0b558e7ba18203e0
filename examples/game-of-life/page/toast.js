// Short messages on the grid. Errors interrupt a screen reader, other messages wait for their turn.

/** Milliseconds for which a message stays, and more for each character that has to be read. */
const SHORTEST = 5_000;
const PER_CHARACTER = 60;
/** A longer text is cut: it comes from the network. */
const MAX_LENGTH = 300;

export class Toast {
  #box;
  #text;
  #errors;
  #announcements;
  #timer = 0;
  #last = "";
  #times = 0;

  constructor({ box, text, close, errors, announcements }) {
    this.#box = box;
    this.#text = text;
    this.#errors = errors;
    this.#announcements = announcements;
    close.addEventListener("click", () => this.hide());
  }

  error(text) {
    this.#show(text, this.#errors);
  }

  info(text) {
    this.#show(text, this.#announcements);
  }

  hide() {
    clearTimeout(this.#timer);
    this.#box.hidden = true;
    this.#last = "";
  }

  /** Text for screen readers only. */
  announce(text) {
    this.#announcements.textContent = text;
  }

  #show(text, region) {
    const short = text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH - 1)}…` : text;
    this.#times = short === this.#last ? this.#times + 1 : 1;
    this.#last = short;
    const shown = this.#times > 1 ? `${short} (${this.#times} times)` : short;
    this.#text.textContent = shown;
    this.#box.hidden = false;
    region.textContent = shown;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.hide(), SHORTEST + PER_CHARACTER * short.length);
  }
}
