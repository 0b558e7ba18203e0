// Starts the server under test with its sample's configuration, on ports that are free.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import WebSocket from "ws";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const MOCK = "node tests/browser/mock-server.mjs";
/** A port of an address or URL in a configuration. */
const PORT = /(?<=:)\d+(?=["/])/g;
/** Milliseconds until the server must answer; a first `cargo run` may have to build. */
const START_LIMIT = 240_000;
const POLL_INTERVAL = 50;
/** Characters of the server's output that are kept for the report of a failure. */
const KEPT_OUTPUT = 8_000;

/** How to start a sample; the configuration file is appended. */
function commandOf(sample, program) {
  if (sample !== "game-of-life") return `cargo run -q -p ${program} --`;
  return process.argv.includes("--mock") ? MOCK : process.env.GAME_OF_LIFE_COMMAND || "cargo run -q -p game-of-life --";
}

/** Servers that run now; they are in process groups of their own, so nobody else ends them with us. */
const running = new Set();
process.on("exit", () => running.forEach(killGroup));
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

export class Server {
  #command;
  #greeting;
  #directory;
  #ports;
  #alongside = [];
  #child = null;
  #output = "";

  /**
   * Prepares the server of a sample, whose package is `program`; `start` starts it, as often as wanted, always on the same
   * ports. It is ready when it greets a WebSocket with the topic `greeting`.
   */
  static async prepare({ sample = "game-of-life", program = sample, greeting = "getGrid" } = {}) {
    const server = new Server();
    server.#command = commandOf(sample, program);
    server.#greeting = greeting;
    server.#directory = await mkdtemp(join(tmpdir(), `${sample}-`));
    const folder = join(ROOT, "examples", sample);
    const names = (await readdir(folder)).filter((name) => name.endsWith(".toml") && name !== "Cargo.toml");
    const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
    const given = [...new Set(texts.join("\n").match(PORT))].filter((port) => port !== "0");
    const free = await freePorts(given.length);
    server.#ports = new Map(given.map((port, index) => [port, free[index]]));
    for (const [index, name] of names.entries()) {
      const text = texts[index].replace(PORT, (port) => server.#ports.get(port) ?? port);
      // folders start at that of the file
      await writeFile(server.file(name), text.replace(/"(page|\.\.\/kit)"/g, (_, path) => JSON.stringify(join(folder, path))));
    }
    return server;
  }

  /** One of the sample's configurations, on the ports of this server. */
  file(name) {
    return join(this.#directory, name);
  }

  /** Starts what the sample needs besides, until `dispose`, and waits until it says that it is ready. */
  async alongside(program, parameters, ready) {
    const child = spawn(program, parameters, { cwd: ROOT, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    running.add(child);
    this.#alongside.push(child);
    let said = "";
    await new Promise((resolve, reject) => {
      const hear = (data) => ready.test((said += data)) && resolve();
      child.stdout.on("data", hear);
      child.stderr.on("data", hear);
      child.on("error", reject);
      child.on("exit", () => reject(new Error(`${program} has ended:\n${said}`)));
    });
  }

  /** Where the page is, with the address of its WebSocket. */
  get url() {
    return `http://127.0.0.1:${this.#ports.get("8080")}/?ws=${encodeURIComponent(this.#websocket)}`;
  }

  async start() {
    const [program, ...parameters] = this.#command.split(/\s+/);
    // A process group of its own: `cargo run` starts the server as its child, and both must end.
    this.#child = spawn(program, [...parameters, this.file("systemge.toml")], {
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
        throw new Error(`the server did not start (${this.#command}):\n${this.#output}`);
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
    while (!(await isFree(this.#ports.get("8443")))) await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL));
  }

  async dispose() {
    await this.kill();
    for (const child of this.#alongside) {
      killGroup(child);
      running.delete(child);
    }
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

  get #websocket() {
    return `ws://127.0.0.1:${this.#ports.get("8443")}/ws`;
  }

  async #answers() {
    try {
      const page = await fetch(`http://127.0.0.1:${this.#ports.get("8080")}/`, { signal: AbortSignal.timeout(2_000) });
      await page.arrayBuffer();
      if (!page.ok) return false;
      await this.exchange(null, this.#greeting);
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
