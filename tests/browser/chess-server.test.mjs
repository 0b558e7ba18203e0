// Two people in two browsers play chess.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { accessible, launch, open, screenshot } from "./support/browser.mjs";
import { Server } from "./support/server.mjs";

describe("chess-server", () => {
  let server;
  let browser;

  before(async () => {
    server = await Server.prepare({ sample: "chess-server", greeting: "connected" });
    await server.start();
    browser = await launch();
  });

  after(async () => {
    await browser?.close();
    await server?.dispose();
  });

  const says = (page, part) => page.waitForFunction((wanted) => document.querySelector("#status").textContent.includes(wanted), part);
  const own = async (page) => {
    await page.waitForFunction(() => document.querySelector("#own").value.length === 32);
    return page.inputValue("#own");
  };
  const move = async (page, from, to) => {
    await says(page, "Your move");
    await page.click(`[data-square="${from}"]`);
    await page.click(`[data-square="${to}"]`);
  };
  const on = (page, square) => page.getAttribute(`[data-square="${square}"]`, "aria-label");

  test("a short game, by mouse and keyboard, on a desk and on a phone", async () => {
    const white = await open(browser, server.url);
    const black = await open(browser, server.url, { viewport: { width: 360, height: 780 }, colorScheme: "dark" });
    await white.page.fill("#opponent", await own(black.page));
    await white.page.click("#start button[type=submit]");
    await says(black.page, "Your opponent's move");
    await says(white.page, "Your move");

    // what the rules forbid is said, and the piece stays
    await white.page.click('[data-square="e2"]');
    await white.page.click('[data-square="e5"]');
    await white.page.waitForSelector("#errors:not([hidden])");
    assert.equal(await on(white.page, "e2"), "e2, white pawn");

    await move(white.page, "e2", "e4");
    await move(black.page, "e7", "e5");
    await move(white.page, "g1", "f3");
    await move(black.page, "a7", "a6");
    await move(white.page, "f1", "c4");
    await move(black.page, "b7", "b6");
    await screenshot(black.page, "chess-phone-dark");

    // castling by the keyboard: the focus goes with the arrows
    await says(white.page, "Your move");
    await white.page.focus('[data-square="e1"]');
    await white.page.keyboard.press("Enter");
    await white.page.keyboard.press("ArrowRight");
    await white.page.keyboard.press("ArrowRight");
    await white.page.keyboard.press("Enter");
    await says(black.page, "Your move");
    for (const { page } of [white, black]) {
      assert.equal(await on(page, "g1"), "g1, white king");
      assert.equal(await on(page, "f1"), "f1, white rook");
      assert.equal(await on(page, "h1"), "h1, empty");
      assert.match(await page.textContent("#moves"), /O-O/);
    }
    await screenshot(white.page, "chess");
    await accessible(white.page);

    await black.page.click("#end");
    await says(white.page, "You have won: Black gave up");
    await says(black.page, "You have lost");
    assert.deepEqual([...white.problems, ...black.problems], []);
    await white.close();
    await black.close();
  });

  test("whoever closes the page has lost", async () => {
    const [white, black] = [await open(browser, server.url), await open(browser, server.url)];
    await white.page.fill("#opponent", await own(black.page));
    await white.page.click("#start button[type=submit]");
    await says(white.page, "Your move");
    await white.close();
    await says(black.page, "You have won: White has left");
    await black.close();
  });
});
