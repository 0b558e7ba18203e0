// Two nodes that play ping-pong.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { accessible, launch, open, screenshot, text } from "./support/browser.mjs";
import { Server } from "./support/server.mjs";

describe("ping-pong", () => {
  let server;
  let browser;

  before(async () => {
    server = await Server.prepare({ sample: "ping-pong", greeting: "pong" });
    await server.start();
    browser = await launch();
  });

  after(async () => {
    await browser?.close();
    await server?.dispose();
  });

  test("a page that opens sees the answer, and every page sees every pong", async () => {
    const { page, problems, close } = await open(browser, server.url, { colorScheme: "dark" });
    await text(page, "#answer", "pong");
    await text(page, "#pongs", "1");
    await page.click("#again");
    await text(page, "#pongs", "2");
    const second = await open(browser, server.url);
    await text(page, "#pongs", "3");
    await text(second.page, "#pongs", "1");
    await screenshot(page, "ping-pong");
    await accessible(page);
    assert.deepEqual(problems, []);
    await second.close();
    await close();
  });
});
