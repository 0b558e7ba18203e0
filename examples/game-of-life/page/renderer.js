// Draws the colony: one pixel buffer in device pixels, of which only the rows that changed are handed to the canvas.

import { BORN, GROWN, TRACE } from "./colony.js";

/** From this size on, in device pixels, cells stand apart by a hairline. */
const MIN_CELL_WITH_LINE = 4;
/** From this size on, in device pixels, rounding the cells down to whole pixels costs little space. */
const LARGE_CELL = 12;
/** Device pixels per CSS pixel from which on a cell may be one device pixel wider than its neighbour unnoticed. */
const FINE_SCREEN = 2;
const NOT_PAINTED = 255;

export class Renderer {
  #canvas;
  #context;
  #colony;
  #image = null;
  #pixels = new Uint32Array(0);
  #painted = new Uint8Array(0);
  #palette = new Uint32Array(NOT_PAINTED + 1);
  #line = 0;
  #columnEdges = [];
  #rowEdges = [];
  #gap = 0;
  #ratio = 1;

  constructor(canvas, colony) {
    this.#canvas = canvas;
    // Putting whole pixels every frame is faster on a canvas that lives in main memory.
    this.#context = canvas.getContext("2d", { alpha: false, willReadFrequently: true });
    this.#colony = colony;
  }

  /** Fits the grid into a space in CSS pixels; returns the size that it takes, in CSS pixels. */
  fit(width, height) {
    const { rows, columns } = this.#colony;
    this.#ratio = window.devicePixelRatio || 1;
    const space = Math.min((width * this.#ratio) / columns, (height * this.#ratio) / rows);
    // Cells that all have the same whole number of pixels look crisp, but may leave much of a small screen empty.
    const even = space >= LARGE_CELL || (space >= MIN_CELL_WITH_LINE && this.#ratio < FINE_SCREEN);
    const cell = even ? Math.floor(space) : Math.max(space, 1);
    this.#gap = cell < MIN_CELL_WITH_LINE ? 0 : cell < 10 ? 1 : Math.max(1, Math.floor(this.#ratio));
    this.#columnEdges = edges(columns, cell);
    this.#rowEdges = edges(rows, cell);
    const pixelWidth = this.#columnEdges[columns];
    const pixelHeight = this.#rowEdges[rows];
    if (this.#image === null || this.#canvas.width !== pixelWidth || this.#canvas.height !== pixelHeight) {
      this.#canvas.width = pixelWidth;
      this.#canvas.height = pixelHeight;
      this.#image = this.#context.createImageData(pixelWidth, pixelHeight);
      this.#pixels = new Uint32Array(this.#image.data.buffer);
    }
    this.#painted = new Uint8Array(rows * columns);
    this.#repaint();
    return { width: pixelWidth / this.#ratio, height: pixelHeight / this.#ratio };
  }

  /** Reads the colours of the current theme from the style sheet. */
  readColours() {
    const style = getComputedStyle(this.#canvas);
    const colour = (name) => toRgb(style.getPropertyValue(name));
    const [field, trace, born, grown] = ["--field", "--cell-trace", "--cell-born", "--cell-grown"].map(colour);
    this.#palette.fill(pack(field));
    for (let tone = 1; tone <= TRACE; tone += 1) this.#palette[tone] = pack(mix(field, trace, (tone / TRACE) ** 1.5));
    for (let tone = BORN; tone <= GROWN; tone += 1) {
      // The square root lets a cell lose most of its first brightness soon.
      this.#palette[tone] = pack(mix(born, grown, Math.sqrt((tone - BORN) / (GROWN - BORN))));
    }
    this.#line = pack(colour("--field-line"));
    this.#repaint();
  }

  /** Brings the canvas up to date; returns the number of cells that were painted. */
  paint() {
    const { rows, columns, tones } = this.#colony;
    if (this.#image === null || this.#painted.length !== tones.length) return 0;
    let count = 0;
    let first = rows;
    let last = -1;
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0, index = row * columns; column < columns; column += 1, index += 1) {
        if (tones[index] === this.#painted[index]) continue;
        this.#painted[index] = tones[index];
        this.#fill(row, column, this.#palette[tones[index]]);
        count += 1;
        first = Math.min(first, row);
        last = row;
      }
    }
    if (count > 0) {
      const top = this.#rowEdges[first];
      this.#context.putImageData(this.#image, 0, 0, 0, top, this.#canvas.width, this.#rowEdges[last + 1] - top);
    }
    return count;
  }

  /** The cell at a point in CSS pixels relative to the canvas; points outside give cells outside the grid. */
  cellAt(x, y) {
    const box = this.#canvas.getBoundingClientRect();
    const { rows, columns } = this.#colony;
    return { row: Math.floor((y / box.height) * rows), column: Math.floor((x / box.width) * columns) };
  }

  /** Where a cell is, in CSS pixels relative to the canvas. */
  boxOf(row, column) {
    const box = (edge, index, gap) => [edge[index] / this.#ratio, (edge[index + 1] - edge[index] - gap) / this.#ratio];
    const [left, width] = box(this.#columnEdges, column, this.#gap);
    const [top, height] = box(this.#rowEdges, row, this.#gap);
    return { left, top, width, height };
  }

  #repaint() {
    this.#pixels.fill(this.#gap > 0 ? this.#line : this.#palette[0]);
    this.#painted.fill(NOT_PAINTED);
  }

  #fill(row, column, colour) {
    const width = this.#canvas.width;
    const left = this.#columnEdges[column];
    const right = this.#columnEdges[column + 1] - this.#gap;
    const bottom = this.#rowEdges[row + 1] - this.#gap;
    for (let y = this.#rowEdges[row]; y < bottom; y += 1) this.#pixels.fill(colour, y * width + left, y * width + right);
  }
}

function edges(count, cell) {
  return Array.from({ length: count + 1 }, (_, index) => Math.round(index * cell));
}

const mix = (from, to, share) => from.map((value, channel) => Math.round(value + (to[channel] - value) * share));

/** A colour as one 32-bit number in the byte order of image data, whatever the machine's own order is. */
function pack([red, green, blue]) {
  return new Uint32Array(new Uint8Array([red, green, blue, 255]).buffer)[0];
}

function toRgb(colour) {
  const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}
