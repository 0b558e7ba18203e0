// The page outlives its server.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { COLUMNS, EMPTY, ROWS, centre, gridWith, launch, live, open, shows, text } from "./support/browser.mjs";
import { Server } from "./support/server.mjs";

describe("connection", () => {
  let server;
  let browser;

  before(async () => {
    server = await Server.prepare();
    await server.start();
    browser = await launch();
  });

  after(async () => {
    await browser?.close();
    await server?.dispose();
  });

  test("a server that was killed and comes back is found again", async () => {
    const { page, close } = await open(browser, server.url);
    await text(page, "#connection-text", "Live");
    await page.evaluate(() => {
      const said = (window.said = []);
      const target = document.getElementById("connection-text");
      new MutationObserver(() => said.push(target.textContent)).observe(target, { childList: true });
    });

    await server.kill();
    await page.waitForSelector('#connection[data-state="lost"]');
    await page.waitForFunction(() => /^Lost: retrying/.test(document.getElementById("connection-text").textContent));
    assert.equal(await page.getAttribute("#next", "aria-disabled"), "true");
    const { x, y } = await centre(page, 3, 3);
    await page.mouse.click(x, y);
    await text(page, "#living", "0");

    // Pauses grow: one of two seconds or more is announced only after several attempts.
    await page.waitForFunction(() => window.said.includes("Lost: retrying in 2 s"));
    assert.ok(await page.evaluate(() => window.said.includes("Lost: retrying now")));

    await server.start();
    await live(page);
    await text(page, "#connection-text", "Live");
    assert.equal(await page.getAttribute("#next", "aria-disabled"), "false");
    await page.mouse.click(x, y);
    await shows(page, gridWith([[3, 3]]));
    await close();
  });

  test("a page that is running goes on by itself when the server is back", async () => {
    const { page, close } = await open(browser, server.url);
    await page.click("#run");
    await page.waitForFunction(() => Number(document.querySelector("#generation").textContent) >= 3);
    await server.kill();
    await page.waitForSelector('#connection[data-state="lost"]');
    await server.start();
    await live(page);
    await text(page, "#run-text", "Stop");
    await page.waitForFunction(() => Number(document.querySelector("#generation").textContent) >= 3);
    await page.click("#run");
    await close();
  });

  test("a page that is loaded again shows what the server holds", async () => {
    const { page, close } = await open(browser, server.url);
    await server.exchange({ topic: "setGrid", payload: gridWith([[7, 7]]) }, "propagateGrid");
    await shows(page, gridWith([[7, 7]]));
    await page.reload();
    await live(page);
    await shows(page, gridWith([[7, 7]]));
    await server.exchange({ topic: "setGrid", payload: EMPTY }, "propagateGrid");
    await shows(page, EMPTY);
    await close();
  });

  test("a server that does not answer is asked for three generations, and then no more", async () => {
    const { page, sent, close } = await withSilentServer(browser, server.url);
    await page.fill("#speed", "30");
    await page.click("#run");
    await page.clock.runFor(2_000);
    await delivered(page, sent, 3);
    assert.deepEqual(sent, new Array(3).fill({ topic: "nextGeneration", payload: "" }));

    await page.clock.runFor(5_000);
    await text(page, "#toast-text", "The server has not answered for five seconds.");
    await close();
  });

  test("a heartbeat is sent every fifteen seconds", async () => {
    const { page, sent, close } = await withSilentServer(browser, server.url);
    for (const count of [1, 2, 3]) {
      await page.clock.runFor(15_000);
      await delivered(page, sent, count);
      assert.deepEqual(sent, new Array(count).fill({ topic: "heartbeat", payload: "" }));
    }
    await close();
  });

  test("a drawn cell that the server does not confirm goes back", async () => {
    const { page, sent, close } = await withSilentServer(browser, server.url);
    const { x, y } = await centre(page, 3, 4);
    await page.mouse.click(x, y);
    await page.clock.runFor(100);
    await text(page, "#living", "1");
    await delivered(page, sent, 1);
    assert.deepEqual(sent, [{ topic: "gridChange", payload: JSON.stringify({ row: 3, column: 4, state: 1 }) }]);

    await page.clock.runFor(3_000);
    await text(page, "#living", "0");
    await text(page, "#toast-text", "The server did not confirm what was drawn.");
    await close();
  });

  test("frames that make no sense are reported and do no harm", async () => {
    const { page, problems, close } = await open(browser, server.url);
    const socket = await page.evaluateHandle(() => {
      let found;
      const send = WebSocket.prototype.send;
      WebSocket.prototype.send = function noticed(frame) {
        found ??= this;
        return send.call(this, frame);
      };
      document.getElementById("next").click();
      return found;
    });
    for (const [frame, complaint] of [
      ["{", "The server sent a message that is not JSON."],
      ["null", "The server sent a message without fields."],
      ['{"topic":"propagateGrid","payload":"{\\"grid\\":[],\\"rows\\":1e9,\\"cols\\":1e9}"}', "The server sent a grid whose size can't be right."],
      ['{"topic":"propagateGrid","payload":"{\\"grid\\":[[0],[0,1]],\\"rows\\":2,\\"cols\\":1}"}', "The server sent a grid with rows of different lengths."],
      ['{"topic":"propagateGridChange","payload":"{\\"row\\":-1,\\"column\\":0,\\"state\\":1}"}', "The server sent a change of a cell that can't exist."],
    ]) {
      await socket.evaluate((target, data) => target.onmessage({ data }), frame);
      await text(page, "#toast-text", complaint);
    }
    await socket.evaluate((target) => {
      target.onmessage({ data: '{"topic":"somethingNew","payload":""}' });
      target.onmessage({ data: '{"topic":"propagateGridChange","payload":"{\\"row\\":90,\\"column\\":0,\\"state\\":1}"}' });
    });
    await shows(page, EMPTY);
    assert.deepEqual(problems, []);
    await close();
  });
});

/** Waits until this many frames have come out of the browser; each look at the page lets more of them through. */
async function delivered(page, sent, count) {
  for (let look = 0; sent.length < count && look < 100; look += 1) await page.title();
}

/** Opens the page with a clock that the test moves and a server that greets, notes what it gets, and says nothing. */
async function withSilentServer(browser, url) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  const sent = [];
  const grid = Array.from({ length: ROWS }, () => new Array(COLUMNS).fill(0));
  await page.clock.install();
  await page.routeWebSocket(/\/ws$/, (socket) => {
    socket.onMessage((frame) => sent.push(JSON.parse(frame)));
    socket.send(JSON.stringify({ topic: "getGrid", payload: JSON.stringify({ grid, rows: ROWS, cols: COLUMNS }) }));
  });
  await page.goto(url);
  await live(page);
  await page.clock.pauseAt(Date.now() + 1_000);
  return { page, sent, close: () => context.close() };
}
