// Drawing on the grid: with mouse, pen or finger, and with a cursor that the arrow keys move.

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const LONG_STEP = 10;
/** The least size of the cursor and its distance from the cell, in CSS pixels. */
const MIN_CURSOR = 14;
const CURSOR_MARGIN = 3;

export class Pencil {
  #canvas;
  #cursor;
  #colony;
  #renderer;
  #draw;
  #announce;
  #stroke = null;
  #at = null;

  /** `draw(row, column, state)` returns whether the cell could be drawn; `announce(text)` reaches screen readers. */
  constructor({ canvas, cursor, colony, renderer, draw, announce }) {
    this.#canvas = canvas;
    this.#cursor = cursor;
    this.#colony = colony;
    this.#renderer = renderer;
    this.#draw = draw;
    this.#announce = announce;
    canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    canvas.addEventListener("pointermove", (event) => this.#continue(event));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      canvas.addEventListener(end, (event) => this.#end(event));
    }
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("focus", () => this.place());
    canvas.addEventListener("blur", () => this.place());
  }

  /** Ends a stroke that is under way, for example because the connection is gone. */
  lift() {
    this.#stroke = null;
  }

  /** Puts the cursor where its cell is now; it is seen only while the grid has the focus of the keyboard. */
  place() {
    const visible = this.#canvas.matches(":focus-visible");
    this.#cursor.hidden = !visible;
    if (!visible) return;
    const { row, column } = this.#position();
    const { left, top, width, height } = this.#renderer.boxOf(row, column);
    // A frame around the cell, never smaller than the eye can find.
    const size = Math.max(Math.max(width, height) + 2 * CURSOR_MARGIN, MIN_CURSOR);
    this.#cursor.style.width = `${size}px`;
    this.#cursor.style.height = `${size}px`;
    this.#cursor.style.left = `${this.#canvas.offsetLeft + left + width / 2 - size / 2}px`;
    this.#cursor.style.top = `${this.#canvas.offsetTop + top + height / 2 - size / 2}px`;
  }

  #position() {
    const { rows, columns } = this.#colony;
    this.#at ??= { row: Math.floor(rows / 2), column: Math.floor(columns / 2) };
    this.#at.row = Math.min(this.#at.row, rows - 1);
    this.#at.column = Math.min(this.#at.column, columns - 1);
    return this.#at;
  }

  #begin(event) {
    if (event.button !== 0 || this.#stroke !== null) return;
    const { row, column } = this.#cellOf(event);
    if (!this.#colony.has(row, column)) return;
    const state = 1 - this.#colony.alive(this.#colony.index(row, column));
    if (!this.#draw(row, column, state)) return;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#stroke = { pointer: event.pointerId, state, row, column };
    this.#at = { row, column };
  }

  #continue(event) {
    if (event.pointerId !== this.#stroke?.pointer) return;
    const points = event.getCoalescedEvents?.() ?? [];
    for (const point of points.length > 0 ? points : [event]) this.#drawTo(this.#cellOf(point));
  }

  #end(event) {
    if (event.pointerId === this.#stroke?.pointer) this.#stroke = null;
  }

  /** Draws every cell on the line from the last one, by Bresenham's algorithm. */
  #drawTo({ row, column }) {
    const stroke = this.#stroke;
    const rowSteps = Math.abs(row - stroke.row);
    const columnSteps = Math.abs(column - stroke.column);
    const rowStep = Math.sign(row - stroke.row);
    const columnStep = Math.sign(column - stroke.column);
    let balance = columnSteps - rowSteps;
    while (stroke.row !== row || stroke.column !== column) {
      const doubled = 2 * balance;
      if (doubled > -rowSteps) {
        balance -= rowSteps;
        stroke.column += columnStep;
      }
      if (doubled < columnSteps) {
        balance += columnSteps;
        stroke.row += rowStep;
      }
      if (this.#colony.has(stroke.row, stroke.column)) this.#draw(stroke.row, stroke.column, stroke.state);
    }
  }

  #cellOf(event) {
    const box = this.#canvas.getBoundingClientRect();
    return this.#renderer.cellAt(event.clientX - box.left, event.clientY - box.top);
  }

  #key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const at = this.#position();
    const step = STEPS[event.key];
    if (step !== undefined) {
      const length = event.shiftKey ? LONG_STEP : 1;
      // The edges of this world are joined, so the cursor walks around it as a glider does.
      at.row = wrap(at.row + step[0] * length, this.#colony.rows);
      at.column = wrap(at.column + step[1] * length, this.#colony.columns);
    } else if (event.key === " " || event.key === "Enter") {
      if (!event.repeat) this.#draw(at.row, at.column, 1 - this.#colony.alive(this.#colony.index(at.row, at.column)));
    } else {
      return;
    }
    event.preventDefault();
    this.place();
    const state = this.#colony.alive(this.#colony.index(at.row, at.column)) ? "alive" : "empty";
    this.#announce(`Row ${at.row + 1}, column ${at.column + 1}: ${state}`);
  }
}

const wrap = (value, length) => ((value % length) + length) % length;
