// What a visitor does with the grid, and what other visitors see of it.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { CELLS, COLUMNS, EMPTY, centre, copied, gridWith, launch, open, setGrid, shows, text } from "./support/browser.mjs";
import { Server } from "./support/server.mjs";

const MEASURE = 2_000;
const GLIDER = [[10, 11], [11, 12], [12, 10], [12, 11], [12, 12]];

describe("playing", () => {
  let server;
  let browser;
  let here;
  let there;

  before(async () => {
    server = await Server.prepare();
    await server.start();
    browser = await launch();
  });

  after(async () => {
    await browser?.close();
    await server?.dispose();
  });

  beforeEach(async () => {
    await server.exchange({ topic: "setGrid", payload: EMPTY }, "propagateGrid");
    here = await open(browser, server.url);
    there = await open(browser, server.url);
  });

  afterEach(async () => {
    const problems = [...here.problems, ...there.problems];
    await here.close();
    await there.close();
    assert.deepEqual(problems, [], "the console stays quiet");
  });

  async function drag(page, from, to) {
    const [start, end] = [await centre(page, ...from), await centre(page, ...to)];
    await page.mouse.move(start.x, start.y);
    await page.mouse.down();
    await page.mouse.move(end.x, end.y);
    await page.mouse.up();
  }

  test("a cell drawn in one page is seen in another", async () => {
    const { x, y } = await centre(here.page, 20, 30);
    await here.page.mouse.click(x, y);
    await shows(here.page, gridWith([[20, 30]]));
    await shows(there.page, gridWith([[20, 30]]));
    await text(there.page, "#living", "1");
  });

  test("the corners of the grid can be drawn", async () => {
    const corners = [[0, 0], [0, 139], [89, 0], [89, 139]];
    for (const corner of corners) {
      const { x, y } = await centre(here.page, ...corner);
      await here.page.mouse.click(x, y);
    }
    await shows(there.page, gridWith(corners));
  });

  test("a drag draws a line without holes, and a drag from a living cell erases", async () => {
    const diagonal = Array.from({ length: 31 }, (_, step) => [10 + step, 40 + step]);
    await drag(here.page, diagonal[0], diagonal.at(-1));
    await shows(there.page, gridWith(diagonal));

    await drag(here.page, diagonal[0], diagonal[20]);
    await shows(there.page, gridWith(diagonal.slice(21)));
  });

  test("a flat drag draws one cell in every column", async () => {
    await drag(here.page, [50, 10], [53, 70]);
    await text(there.page, "#living", "61");
    const digits = await copied(there.page);
    for (let column = 10; column <= 70; column += 1) {
      const living = [50, 51, 52, 53].filter((row) => digits[row * COLUMNS + column] === "1");
      assert.equal(living.length, 1, `column ${column}`);
    }
  });

  test("a finger draws, too", async () => {
    const phone = await open(browser, server.url, { viewport: { width: 360, height: 780 }, deviceScaleFactor: 3, hasTouch: true, isMobile: true });
    const { x, y } = await centre(phone.page, 40, 70);
    await phone.page.touchscreen.tap(x, y);
    await shows(there.page, gridWith([[40, 70]]));

    // A drag over the grid draws and does not scroll the page.
    const touch = await phone.page.context().newCDPSession(phone.page);
    const end = await centre(phone.page, 80, 70);
    await touch.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [await centre(phone.page, 41, 70)] });
    await touch.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: [end] });
    await touch.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
    await shows(there.page, gridWith(Array.from({ length: 41 }, (_, step) => [40 + step, 70])));
    assert.equal(await phone.page.evaluate(() => scrollY), 0);
    assert.deepEqual(phone.problems, []);
    await phone.close();
  });

  test("the keyboard moves a cursor and draws", async () => {
    await here.page.focus("#grid");
    await here.page.keyboard.press("Space");
    await here.page.keyboard.press("ArrowRight");
    await here.page.keyboard.press("ArrowDown");
    await here.page.keyboard.press("Space");
    await here.page.keyboard.press("Shift+ArrowLeft");
    await here.page.keyboard.press("Space");
    await shows(there.page, gridWith([[45, 70], [46, 71], [46, 61]]));
    await text(here.page, "#announcements", "Row 47, column 62: alive");
    assert.ok(await here.page.isVisible("#cursor"));

    await here.page.keyboard.press("Space");
    await shows(there.page, gridWith([[45, 70], [46, 71]]));
  });

  test("four generations move a glider by one cell down and to the right", async () => {
    await setGrid(here.page, gridWith(GLIDER));
    for (let generation = 1; generation <= 4; generation += 1) {
      await here.page.click("#next");
      await text(here.page, "#generation", String(generation));
    }
    const moved = gridWith(GLIDER.map(([row, column]) => [row + 1, column + 1]));
    await text(there.page, "#living", "5");
    assert.equal(await copied(here.page), moved);
    assert.equal(await copied(there.page), moved);
  });

  test("the edges of the world are joined", async () => {
    await setGrid(here.page, gridWith([[0, 138], [0, 139], [0, 0]]));
    await here.page.click("#next");
    await text(here.page, "#generation", "1");
    assert.equal(await copied(here.page), gridWith([[89, 139], [0, 139], [1, 139]]));
  });

  test("a grid set as text is copied as the same text, line breaks aside", async () => {
    const digits = Array.from({ length: CELLS }, (_, index) => (index % 7 === 0 || index % 11 === 3 ? "1" : "0")).join("");
    await setGrid(here.page, digits.replace(/(.{140})/g, "$1\n"));
    assert.equal(await copied(here.page), digits);
    await shows(there.page, digits);
    assert.equal(await copied(there.page), digits);
  });

  test("text of a wrong length is explained and changes nothing", async () => {
    const before = gridWith([[1, 1]]);
    await setGrid(here.page, before);
    await here.page.click("#edit");
    for (const [wrong, complaint] of [
      [EMPTY.slice(1), "The grid has 12,600 cells, 90 rows of 140: 1 missing."],
      [`${EMPTY}000`, "The grid has 12,600 cells, 90 rows of 140: 3 too many."],
      [`x${EMPTY.slice(1)}`, "“x” is not a cell: only 0 and 1 are."],
    ]) {
      await here.page.fill("#dialog-text", wrong);
      await here.page.click("#dialog-set");
      await text(here.page, "#dialog-error", complaint);
      assert.equal(await here.page.getAttribute("#dialog-text", "aria-invalid"), "true");
    }
    await here.page.click("#dialog-cancel");
    await here.page.waitForSelector("#dialog", { state: "hidden" });
    assert.equal(await copied(here.page), before);
    assert.equal(await copied(there.page), before);
  });

  test("an error of the server is shown as text and undoes what it refused", async () => {
    await here.page.evaluate(() => {
      // As a server with other rules would answer.
      const send = WebSocket.prototype.send;
      WebSocket.prototype.send = function refused(frame) {
        if (!frame.includes("gridChange")) return send.call(this, frame);
        this.onmessage({ data: JSON.stringify({ topic: "error", payload: "<b>cell</b> is locked" }) });
        return undefined;
      };
    });
    const { x, y } = await centre(here.page, 5, 5);
    await here.page.mouse.click(x, y);
    await text(here.page, "#toast-text", "<b>cell</b> is locked");
    assert.equal(await here.page.textContent("#errors"), "<b>cell</b> is locked");
    await here.page.click("#toast-close");
    await here.page.waitForSelector("#toast", { state: "hidden" });
  });

  test("an error that the real server sends reaches the visitor", async () => {
    await here.page.evaluate(() => {
      // The page itself never sends a cell outside of the grid.
      const send = WebSocket.prototype.send;
      WebSocket.prototype.send = function moved(frame) {
        send.call(this, frame.replace('\\"row\\":5', '\\"row\\":5000'));
      };
    });
    const { x, y } = await centre(here.page, 5, 5);
    await here.page.mouse.click(x, y);
    await here.page.waitForFunction(() => document.querySelector("#toast-text").textContent.length > 10);
    await shows(here.page, EMPTY);
    assert.equal(await copied(there.page), EMPTY);
  });

  test("reset clears the grid for everyone", async () => {
    await setGrid(here.page, gridWith(GLIDER));
    await here.page.click("#next");
    await text(here.page, "#generation", "1");
    await here.page.click("#reset");
    await shows(there.page, EMPTY);
    await text(here.page, "#living", "0");
    await text(here.page, "#generation", "0");
  });

  test("a pattern fills the grid and stop stops", async () => {
    await here.page.click("text=Glider gun");
    await text(there.page, "#living", "36");
    await here.page.click("#run");
    await text(here.page, "#run-text", "Stop");
    await here.page.waitForFunction(() => Number(document.querySelector("#generation").textContent) >= 30);
    await here.page.click("#run");
    await text(here.page, "#run-text", "Start");
    // The rate goes away once no generation has arrived for two seconds: nothing goes on behind the scenes.
    await text(here.page, "#generation-rate", "–");
    assert.equal(await copied(here.page), await copied(there.page));
  });

  test("at thirty per second, thirty frames are drawn and twenty-five generations arrive each second", async () => {
    await there.page.close();
    const { page } = here;
    await page.bringToFront();
    await page.click("text=Random");
    await page.fill("#speed", "30");
    await page.click("#run");
    await page.waitForFunction(() => Number(document.querySelector("#generation").textContent) >= 15);
    const measured = await page.evaluate(
      (span) =>
        new Promise((resolve) => {
          const number = () => Number(document.querySelector("#generation").textContent.replace(/\D/g, ""));
          const context = document.getElementById("grid").getContext("2d");
          const put = context.putImageData;
          let drawn = 0;
          context.putImageData = function counted(...all) {
            drawn += 1;
            return put.apply(this, all);
          };
          const times = [];
          let first;
          requestAnimationFrame(function frame(time) {
            first ??= number();
            times.push(time);
            if (time - times[0] < span) {
              requestAnimationFrame(frame);
              return;
            }
            const seconds = (time - times[0]) / 1000;
            resolve({ frames: (times.length - 1) / seconds, drawn: drawn / seconds, generations: (number() - first) / seconds });
          });
        }),
      MEASURE,
    );
    await page.click("#run");
    assert.ok(measured.frames >= 30, `${measured.frames} frames per second`);
    assert.ok(measured.generations >= 25, `${measured.generations} generations per second`);
    assert.ok(measured.drawn >= 25, `${measured.drawn} changed frames per second`);
    assert.ok(Number(await page.textContent("#frame-rate")) >= 30);
  });
});
