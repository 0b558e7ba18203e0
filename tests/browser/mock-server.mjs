// A stand-in for the Rust example: the same HTTP page, the same WebSocket protocol, the same rules of life.
//
//   node mock-server.mjs [config.toml]
//
// The configuration file is the one of the real program; only the two listening addresses and the path are
// read from it. Without a file the ports are those of the example, 8080 and 8443.

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { extname, join, normalize, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";

const ROWS = 90;
const COLUMNS = 140;
const MAX_MESSAGE_BYTES = 64 * 1024;
const PAGE = fileURLToPath(new URL("../../examples/game-of-life/page/", import.meta.url));
const KIT = fileURLToPath(new URL("../../examples/kit/", import.meta.url));
const MEDIA_TYPES = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Reads `listen` and `path` of one table; a full TOML reader would be more than a stand-in needs. */
function table(text, name) {
  const body = text.split(`[${name}]`)[1]?.split("\n[")[0] ?? "";
  const value = (key) => body.match(new RegExp(`^${key}\\s*=\\s*"([^"]*)"`, "m"))?.[1];
  return { listen: value("listen"), path: value("path") };
}

function address(listen, fallbackPort) {
  const [, host, port] = listen?.match(/^(.*):(\d+)$/) ?? [undefined, "127.0.0.1", fallbackPort];
  return { host, port: Number(port) };
}

let grid = Array.from({ length: ROWS }, () => new Array(COLUMNS).fill(0));

function nextGeneration() {
  grid = grid.map((cells, row) => {
    const above = grid[(row + ROWS - 1) % ROWS];
    const below = grid[(row + 1) % ROWS];
    return cells.map((alive, column) => {
      const left = (column + COLUMNS - 1) % COLUMNS;
      const right = (column + 1) % COLUMNS;
      const neighbours =
        above[left] + above[column] + above[right] + cells[left] + cells[right] +
        below[left] + below[column] + below[right];
      return neighbours === 3 || (neighbours === 2 && alive) ? 1 : 0;
    });
  });
}

const whole = () => JSON.stringify({ grid, rows: ROWS, cols: COLUMNS });
const frame = (topic, payload) => JSON.stringify({ topic, payload });

function handle(client, broadcast, { topic, payload }) {
  switch (topic) {
    case "heartbeat":
      return;
    case "nextGeneration":
      nextGeneration();
      return broadcast("propagateGrid", whole());
    case "gridChange": {
      const { row, column, state } = JSON.parse(payload);
      if (!(row in grid) || !(column in grid[0]) || (state !== 0 && state !== 1)) {
        return client.send(frame("error", `there is no cell at row ${row}, column ${column}`));
      }
      grid[row][column] = state;
      return broadcast("propagateGridChange", JSON.stringify({ row, column, state }));
    }
    case "setGrid": {
      if (payload.length !== ROWS * COLUMNS || /[^01]/.test(payload)) {
        return client.send(frame("error", `a grid has ${ROWS * COLUMNS} cells, this text has ${payload.length}`));
      }
      grid = grid.map((cells, row) => cells.map((_, column) => Number(payload[row * COLUMNS + column])));
      return broadcast("propagateGrid", whole());
    }
    default:
      return client.send(frame("error", `nobody handles the topic \`${topic}\``));
  }
}

async function servePage(request, response) {
  const path = decodeURIComponent(new URL(request.url, "http://page").pathname);
  const [folder, rest] = path.startsWith("/kit/") ? [KIT, path.slice("/kit".length)] : [PAGE, path];
  const file = normalize(join(folder, rest === "/" ? "index.html" : rest));
  if (!file.startsWith(folder.endsWith(sep) ? folder : folder + sep)) {
    response.writeHead(404).end();
    return;
  }
  try {
    const body = await readFile(file);
    response.writeHead(200, {
      "content-type": MEDIA_TYPES[extname(file)] ?? "application/octet-stream",
      "cache-control": "no-store",
    });
    response.end(body);
  } catch {
    response.writeHead(404, { "content-type": "text/plain" }).end("not found");
  }
}

const config = process.argv[2] ? readFileSync(process.argv[2], "utf8") : "";
const http = table(config, "nodes.gateway.http");
const websocket = table(config, "nodes.gateway.websocket");

createServer((request, response) => {
  servePage(request, response).catch(() => response.writeHead(400).end());
}).listen(address(http.listen, 8080));

const sockets = new WebSocketServer({
  ...address(websocket.listen, 8443),
  path: websocket.path ?? "/ws",
  maxPayload: MAX_MESSAGE_BYTES,
});
const broadcast = (topic, payload) => {
  for (const client of sockets.clients) client.send(frame(topic, payload));
};
sockets.on("connection", (client) => {
  client.on("error", () => client.terminate());
  client.on("message", (data) => {
    try {
      handle(client, broadcast, JSON.parse(data));
    } catch (error) {
      client.send(frame("error", `the message can't be read: ${error.message}`));
    }
  });
  client.send(frame("getGrid", whole()));
});
