// The cells as the page knows them: what the server said, what was drawn here and is not confirmed yet, and how
// old each cell looks. The server is always right; this only bridges the time until it has answered.

/** Tones: 0 is empty, 1 to TRACE is the fading trace of a dead cell, BORN to GROWN is a living cell by its age. */
export const TRACE = 8;
export const BORN = 16;
export const GROWN = 31;

/** Milliseconds after which a drawn cell that the server has not confirmed goes back to the server's state. */
const CONFIRMATION_LIMIT = 2_000;

export class Colony {
  rows = 90;
  columns = 140;
  living = 0;
  /** Whether dead cells leave a trace for some generations; off where motion is to be reduced. */
  traces = true;
  #confirmed = new Uint8Array(this.rows * this.columns);
  #drawn = new Map();
  #tones = new Uint8Array(this.rows * this.columns);

  /** One tone per cell, row by row. */
  get tones() {
    return this.#tones;
  }

  /** The cells as they are shown, one byte of 0 or 1 each. */
  get cells() {
    return this.#tones.map((tone) => (tone >= BORN ? 1 : 0));
  }

  index(row, column) {
    return row * this.columns + column;
  }

  has(row, column) {
    return row >= 0 && column >= 0 && row < this.rows && column < this.columns;
  }

  alive(index) {
    return this.#tones[index] >= BORN ? 1 : 0;
  }

  /** Takes a whole grid; `aging` says that it is the next generation of the one before, not another grid. */
  replace({ rows, columns, cells }, aging) {
    const resized = rows !== this.rows || columns !== this.columns;
    if (resized) {
      this.rows = rows;
      this.columns = columns;
      this.#tones = new Uint8Array(cells.length);
      this.#drawn.clear();
    }
    this.#confirmed = cells;
    if (!aging) this.#tones.fill(0);
    this.living = 0;
    for (let index = 0; index < cells.length; index += 1) {
      const state = this.#drawn.get(index)?.state ?? cells[index];
      this.living += state;
      this.#tones[index] = aging ? this.#older(this.#tones[index], state) : state * GROWN;
    }
    return resized;
  }

  /** Takes one cell from the server. */
  confirm(index, state) {
    this.#confirmed[index] = state;
    if (this.#drawn.get(index)?.state === state) this.#drawn.delete(index);
    if (!this.#drawn.has(index)) this.#show(index, state);
  }

  /** Shows a cell that was drawn here before the server has confirmed it. */
  draw(index, state) {
    this.#drawn.set(index, { state, until: performance.now() + CONFIRMATION_LIMIT });
    this.#show(index, state);
  }

  /** Gives up on drawn cells: on all, or on those whose time is over. Returns how many differed from the server. */
  revert(now = Infinity) {
    let differing = 0;
    for (const [index, { state, until }] of this.#drawn) {
      if (until > now) continue;
      this.#drawn.delete(index);
      if (state !== this.#confirmed[index]) differing += 1;
      this.#show(index, this.#confirmed[index]);
    }
    return differing;
  }

  /** Lets traces fade by one step; returns whether some are left. */
  fade() {
    let left = false;
    for (let index = 0; index < this.#tones.length; index += 1) {
      const tone = this.#tones[index];
      if (tone === 0 || tone > TRACE) continue;
      this.#tones[index] = this.traces ? tone - 1 : 0;
      left ||= this.#tones[index] > 0;
    }
    return left;
  }

  #show(index, state) {
    const before = this.alive(index);
    if (before === state) return;
    this.living += state - before;
    this.#tones[index] = state === 1 ? BORN : 0;
  }

  #older(tone, state) {
    if (state === 1) return tone < BORN ? BORN : Math.min(tone + 1, GROWN);
    if (!this.traces) return 0;
    if (tone >= BORN) return TRACE;
    return Math.max(tone - 1, 0);
  }
}
