// Starts the ten nodes of tests/fleet with their dashboard, on a port that is free.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const PROGRAM = process.env.FLEET_PROGRAM || `${process.env.CARGO_TARGET_DIR || `${ROOT}target`}/debug/fleet`;
const START_LIMIT = 20_000;
const POLL_INTERVAL = 50;
/** Messages per second from every node to each of its peers. */
const RATE = "200";

const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

export class Fleet {
  #child = null;
  #output = "";
  #tokens;
  port;

  /** Prepares a fleet; with tokens, people have to log in. */
  static async prepare(tokens = []) {
    const fleet = new Fleet();
    fleet.#tokens = tokens;
    const holder = createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    fleet.port = holder.address().port;
    await new Promise((resolve) => holder.close(resolve));
    return fleet;
  }

  get url() {
    return `http://127.0.0.1:${this.port}/`;
  }

  async start() {
    const child = spawn(PROGRAM, [`127.0.0.1:${this.port}`, RATE, ...this.#tokens], { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, RUST_LOG: "warn" } });
    this.#child = child;
    running.add(child);
    child.on("error", (error) => (this.#output += error));
    child.stderr.on("data", (data) => (this.#output = (this.#output + data).slice(-8_000)));
    const deadline = Date.now() + START_LIMIT;
    for (;;) {
      try {
        const answer = await fetch(`${this.url}api/fleet`, { signal: AbortSignal.timeout(2_000) });
        const fleet = await answer.json();
        if (answer.status === 401 || fleet.nodes.every((node) => node.state !== "starting" && node.state !== "stopped")) return;
      } catch {
        // not yet
      }
      if (child.exitCode !== null || child.pid === undefined || Date.now() > deadline) throw new Error(`the fleet did not start (${PROGRAM}):\n${this.#output}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL));
    }
  }

  /** Ends it at once, as a crash would. */
  async kill() {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.pid === undefined) return;
    const gone = child.exitCode === null && child.signalCode === null ? once(child, "exit") : null;
    child.kill("SIGKILL");
    await gone;
    running.delete(child);
  }

  /** Does something through the API; returns the answer. */
  async post(path, body = {}) {
    const answer = await fetch(`${this.url}api/${path}`, { method: "POST", headers: { "content-type": "application/json", "x-systemge-dashboard": "1" }, body: JSON.stringify(body) });
    return answer.json();
  }
}
