// Starts the server under test with a configuration file of its own, on ports that are free.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import WebSocket from "ws";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const MOCK = "node tests/browser/mock-server.mjs";
const DEFAULT_COMMAND = "cargo run -q -p game-of-life --";
/** Milliseconds until the server must answer; a first `cargo run` may have to build. */
const START_LIMIT = 240_000;
const POLL_INTERVAL = 50;
/** Characters of the server's output that are kept for the report of a failure. */
const KEPT_OUTPUT = 8_000;

const command = process.argv.includes("--mock") ? MOCK : process.env.GAME_OF_LIFE_COMMAND || DEFAULT_COMMAND;

/** Servers that run now; they are in process groups of their own, so nobody else ends them with us. */
const running = new Set();
process.on("exit", () => running.forEach(killGroup));
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

export class Server {
  #directory;
  #ports;
  #child = null;
  #output = "";

  /** Prepares a server; `start` starts it, as often as wanted, always on the same ports. */
  static async prepare() {
    const server = new Server();
    server.#directory = await mkdtemp(join(tmpdir(), "game-of-life-"));
    server.#ports = await freePorts(4);
    await writeFile(server.#configFile, configuration(server.#ports));
    return server;
  }

  /** Where the page is, with the address of its WebSocket. */
  get url() {
    return `http://127.0.0.1:${this.#ports[2]}/?ws=${encodeURIComponent(this.#websocket)}`;
  }

  async start() {
    const [program, ...parameters] = command.split(/\s+/);
    // A process group of its own: `cargo run` starts the server as its child, and both must end.
    this.#child = spawn(program, [...parameters, this.#configFile], {
      cwd: ROOT,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const child = this.#child;
    running.add(child);
    child.on("error", (error) => this.#keep(String(error)));
    child.stdout.on("data", (data) => this.#keep(data));
    child.stderr.on("data", (data) => this.#keep(data));
    const deadline = Date.now() + START_LIMIT;
    while (!(await this.#answers())) {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined || Date.now() > deadline) {
        await this.kill();
        throw new Error(`the server did not start (${command}):\n${this.#output}`);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL));
    }
  }

  /** Ends the server at once, as a crash would. */
  async kill() {
    const child = this.#child;
    this.#child = null;
    if (child?.pid === undefined) return;
    const gone = child.exitCode === null && child.signalCode === null ? once(child, "exit") : null;
    killGroup(child);
    await gone;
    running.delete(child);
    // The exit of `cargo` says nothing about its child, but a free port does.
    while (!(await isFree(this.#ports[3]))) await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL));
  }

  async dispose() {
    await this.kill();
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** Sends text to the server as a client of its own would, and returns the first frame with this topic. */
  async exchange(frame, topic) {
    const socket = new WebSocket(this.#websocket);
    try {
      const answer = new Promise((resolve, reject) => {
        socket.on("error", reject);
        socket.on("close", () => reject(new Error(`closed before ${topic}`)));
        socket.on("message", (data) => {
          const message = JSON.parse(data);
          if (message.topic === topic) resolve(message);
        });
      });
      await Promise.race([once(socket, "open"), answer]);
      if (frame !== null) socket.send(JSON.stringify(frame));
      return await answer;
    } finally {
      socket.removeAllListeners("close");
      socket.terminate();
    }
  }

  get #configFile() {
    return join(this.#directory, "systemge.toml");
  }

  get #websocket() {
    return `ws://127.0.0.1:${this.#ports[3]}/ws`;
  }

  async #answers() {
    try {
      const page = await fetch(`http://127.0.0.1:${this.#ports[2]}/`, { signal: AbortSignal.timeout(2_000) });
      await page.arrayBuffer();
      if (!page.ok) return false;
      await this.exchange(null, "getGrid");
      return true;
    } catch {
      return false;
    }
  }

  #keep(data) {
    this.#output = (this.#output + data).slice(-KEPT_OUTPUT);
  }
}

function killGroup(child) {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

function configuration([life, gateway, http, websocket]) {
  return `[nodes.life]
listen = ["tcp://127.0.0.1:${life}"]
connect = ["tcp://127.0.0.1:${gateway}"]

[nodes.gateway]
listen = ["tcp://127.0.0.1:${gateway}"]
connect = ["tcp://127.0.0.1:${life}"]

[nodes.gateway.http]
listen = "127.0.0.1:${http}"

[nodes.gateway.websocket]
listen = "127.0.0.1:${websocket}"
path = "/ws"
`;
}

/** Ports that nobody listens on; all are held until all are found, so that they differ. */
async function freePorts(count) {
  const holders = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(holders.map((holder) => once(holder, "listening")));
  const ports = holders.map((holder) => holder.address().port);
  await Promise.all(holders.map((holder) => new Promise((resolve) => holder.close(resolve))));
  return ports;
}

async function isFree(port) {
  const holder = createServer();
  try {
    holder.listen(port, "127.0.0.1");
    await once(holder, "listening");
    return true;
  } catch {
    return false;
  } finally {
    await new Promise((resolve) => holder.close(resolve));
  }
}
