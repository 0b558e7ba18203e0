// What goes over the WebSocket: text frames `{"topic": "...", "payload": "..."}`, the payload a string that holds
// JSON where it has a shape. Nothing that arrives is trusted: what does not have the expected shape is an error.

/** The largest grid that this page accepts, in cells. */
const MAX_CELLS = 1_000_000;

/** Says where the server's WebSocket is: `?ws=ws://host:port/path`, or port 8443 of the page's own host. */
export function websocketAddress(location) {
  const wanted = new URLSearchParams(location.search).get("ws");
  if (wanted !== null) {
    const address = URL.canParse(wanted) ? new URL(wanted) : null;
    if (address?.protocol === "ws:" || address?.protocol === "wss:") {
      address.hash = "";
      return address.href;
    }
  }
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  return `${scheme}//${location.hostname || "127.0.0.1"}:8443/ws`;
}

export function encode(topic, payload = "") {
  return JSON.stringify({ topic, payload: typeof payload === "string" ? payload : JSON.stringify(payload) });
}

/**
 * Reads one frame of the server.
 *
 * Returns `{topic, ...}` with the decoded content, or null for a topic that this page does not know, which a newer
 * server may send. Throws an `Error` with a readable message for everything else.
 */
export function decode(text) {
  const { topic, payload } = object(parse(text));
  switch (topic) {
    case "getGrid":
    case "propagateGrid":
      return { topic, ...decodeGrid(unwrap(payload)) };
    case "propagateGridChange":
      return { topic, ...decodeChange(unwrap(payload)) };
    case "error":
      return { topic, text: typeof payload === "string" ? payload : JSON.stringify(payload) ?? "The server reports an error without a text." };
    default:
      return null;
  }
}

function decodeGrid(payload) {
  const { grid, rows, cols: columns, generation } = object(payload);
  if (!count(rows) || !count(columns) || rows * columns > MAX_CELLS || !Array.isArray(grid) || grid.length !== rows) {
    throw new Error("The server sent a grid whose size can't be right.");
  }
  const cells = new Uint8Array(rows * columns);
  grid.forEach((line, row) => {
    if (!Array.isArray(line) || line.length !== columns) {
      throw new Error("The server sent a grid with rows of different lengths.");
    }
    for (let column = 0; column < columns; column += 1) cells[row * columns + column] = line[column] ? 1 : 0;
  });
  return { rows, columns, cells, generation: Number.isSafeInteger(generation) ? generation : null };
}

function decodeChange(payload) {
  const { row, column, state } = object(payload);
  if (!Number.isSafeInteger(row) || !Number.isSafeInteger(column) || row < 0 || column < 0) {
    throw new Error("The server sent a change of a cell that can't exist.");
  }
  return { row, column, state: state ? 1 : 0 };
}

const count = (value) => Number.isSafeInteger(value) && value > 0;
const unwrap = (payload) => (typeof payload === "string" ? parse(payload) : payload);

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("The server sent a message that is not JSON.");
  }
}

function object(value) {
  if (value === null || typeof value !== "object") throw new Error("The server sent a message without fields.");
  return value;
}

/** Writes cells as text, a line per row. */
export function cellsToText(cells, columns) {
  const lines = [];
  for (let start = 0; start < cells.length; start += columns) lines.push(cells.subarray(start, start + columns).join(""));
  return lines.join("\n");
}

/** Reads a grid from text; white space does not count. Returns `{digits}` for the wire, or `{error}` for the reader. */
export function textToDigits(text, rows, columns) {
  const digits = text.replace(/\s+/g, "");
  const stranger = digits.match(/[^01]/u)?.[0];
  if (stranger !== undefined) return { error: `“${stranger}” is not a cell: only 0 and 1 are.` };
  const difference = digits.length - rows * columns;
  if (difference === 0) return { digits };
  const amount = Math.abs(difference).toLocaleString("en");
  const what = difference < 0 ? "missing" : "too many";
  return { error: `The grid has ${(rows * columns).toLocaleString("en")} cells, ${rows} rows of ${columns}: ${amount} ${what}.` };
}
