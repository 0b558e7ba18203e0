// Animation frames, only while there is something to see, and how many of them were drawn.

/** Milliseconds for which frames go on after the last activity. */
const LINGER = 1_000;
/** Milliseconds over which rates are counted. */
const WINDOW = 2_000;

/** How often something happened per second, over the last two seconds. */
export class Rate {
  #times = [];

  add(time = performance.now()) {
    this.#times.push(time);
    this.#trim(time);
  }

  /** The rate, or null when it happens too seldom to speak of one. */
  perSecond(now = performance.now()) {
    this.#trim(now);
    const count = this.#times.length;
    if (count < 2) return null;
    const span = this.#times[count - 1] - this.#times[0];
    return span > 0 ? ((count - 1) * 1000) / span : null;
  }

  clear() {
    this.#times = [];
  }

  #trim(now) {
    while (this.#times.length > 0 && this.#times[0] < now - WINDOW) this.#times.shift();
  }
}

export class Frames {
  #draw;
  #handle = 0;
  #activeUntil = 0;
  rate = new Rate();

  /** `draw(time)` is called in each frame. */
  constructor(draw) {
    this.#draw = draw;
  }

  /** Something has changed: draw it, and go on for a while. */
  wake() {
    this.#activeUntil = performance.now() + LINGER;
    if (this.#handle === 0) this.#handle = requestAnimationFrame((time) => this.#frame(time));
  }

  #frame(time) {
    this.rate.add(time);
    this.#draw(time);
    if (performance.now() < this.#activeUntil) {
      this.#handle = requestAnimationFrame((next) => this.#frame(next));
    } else {
      this.#handle = 0;
      this.rate.clear();
    }
  }
}
