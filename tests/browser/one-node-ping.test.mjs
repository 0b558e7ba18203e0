// One node that pings itself.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { accessible, launch, open, screenshot, text } from "./support/browser.mjs";
import { Server } from "./support/server.mjs";

describe("one-node-ping", () => {
  let server;
  let browser;

  before(async () => {
    server = await Server.prepare({ sample: "one-node-ping", greeting: "PONG" });
    await server.start();
    browser = await launch();
  });

  after(async () => {
    await browser?.close();
    await server?.dispose();
  });

  test("a page that opens is a PONG more, and so is each press of the button", async () => {
    const { page, problems, close } = await open(browser, server.url, { viewport: { width: 360, height: 640 } });
    await page.waitForFunction(() => Number(document.querySelector("#count").textContent) > 0);
    const before = Number(await page.textContent("#count"));
    await page.click("#again");
    await text(page, "#count", String(before + 1));
    const second = await open(browser, server.url);
    await text(page, "#count", String(before + 2));
    await text(second.page, "#count", String(before + 2));
    await screenshot(page, "one-node-ping");
    await accessible(page);
    assert.deepEqual(problems, []);
    await second.close();
    await close();
  });
});
