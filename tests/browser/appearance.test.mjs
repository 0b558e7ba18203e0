// How the page looks: nothing overlaps, nothing is too faint, and people with other senses and tools can use it.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { accessible, launch, open, shows, EMPTY } from "./support/browser.mjs";
import { contrastFaults, layoutFaults } from "./support/looks.mjs";
import { Server } from "./support/server.mjs";

const SIZES = [
  { width: 360, height: 780 },
  { width: 768, height: 1024 },
  { width: 1024, height: 700 },
  { width: 1440, height: 900 },
];
const SCHEMES = ["light", "dark"];
const MIN_TARGET = 24;

describe("appearance", () => {
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

  /** Calls `check(page, name)` for the page as it is, with a message on it, and with its dialog open. */
  async function inEachState(options, check) {
    const { page, problems, close } = await open(browser, server.url, { reducedMotion: "reduce", ...options });
    await check(page, "plain");
    await page.click("#copy");
    await page.waitForSelector("#toast:not([hidden])");
    await check(page, "with a message");
    await page.click("#edit");
    await page.fill("#dialog-text", "0");
    await page.click("#dialog-set");
    await page.waitForSelector("#dialog-error:not(:empty)");
    await check(page, "with the dialog");
    assert.deepEqual(problems, []);
    await close();
  }

  for (const viewport of SIZES) {
    test(`at ${viewport.width} pixels nothing overlaps and nothing is cut off`, async () => {
      await inEachState({ viewport }, async (page, state) => {
        const found = await page.evaluate(layoutFaults, MIN_TARGET);
        assert.deepEqual(found, [], state);
      });
    });
  }

  for (const colorScheme of SCHEMES) {
    test(`text has enough contrast in the ${colorScheme} theme`, async () => {
      await inEachState({ colorScheme }, async (page, state) => {
        const { faint, looked } = await page.evaluate(contrastFaults);
        assert.deepEqual(faint, [], state);
        assert.ok(looked >= 5, `${looked} texts were looked at`);
      });
    });

    test(`axe finds nothing serious in the ${colorScheme} theme`, async () => {
      await inEachState({ colorScheme }, async (page, state) => {
        await accessible(page, state);
      });
    });
  }

  test("the theme follows the system until the visitor chooses, and the choice stays", async () => {
    const { page, close } = await open(browser, server.url, { colorScheme: "light" });
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await background();
    await page.click("#theme");
    const dark = await background();
    assert.notEqual(dark, light);
    await shows(page, EMPTY);
    await page.reload();
    assert.equal(await background(), dark);
    await page.click("#theme");
    assert.equal(await background(), light);
    await page.emulateMedia({ colorScheme: "dark" });
    await page.waitForFunction((wanted) => getComputedStyle(document.body).backgroundColor === wanted, dark);
    await close();
  });

  test("the grid fills the width of a phone", async () => {
    const { page, close } = await open(browser, server.url, { viewport: { width: 360, height: 780 }, deviceScaleFactor: 3, isMobile: true, hasTouch: true });
    const box = await page.locator("#grid").boundingBox();
    assert.ok(box.width >= 320 && box.x >= 0 && box.x + box.width <= 360, JSON.stringify(box));
    await close();
  });

  test("everything can be reached with the keyboard and shows its focus", async () => {
    const { page, close } = await open(browser, server.url);
    const reached = new Set();
    for (let step = 0; step < 20; step += 1) {
      await page.keyboard.press("Tab");
      const focus = await page.evaluate(() => {
        const at = document.activeElement;
        const ring = at.id === "grid" ? at.parentElement : at;
        return { name: at.id || at.textContent, outline: Number.parseFloat(getComputedStyle(ring).outlineWidth), body: at === document.body };
      });
      if (focus.body) break;
      assert.ok(focus.outline >= 2, `${focus.name} shows no focus`);
      reached.add(focus.name);
    }
    for (const name of ["theme", "grid", "run", "next", "speed", "edit", "copy", "reset", "Random", "Glider", "Pulsar"]) {
      assert.ok(reached.has(name), `${name} was not reached`);
    }
    await close();
  });

  test("the page loads nothing from elsewhere", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const hosts = new Set();
    page.on("request", (request) => request.url().startsWith("data:") || hosts.add(new URL(request.url()).host));
    await page.goto(server.url);
    await page.waitForSelector('#connection[data-state="live"]');
    assert.deepEqual([...hosts], [new URL(server.url).host]);
    await context.close();
  });
});
