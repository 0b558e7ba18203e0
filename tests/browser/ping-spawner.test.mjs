// A node for every page.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { accessible, launch, open, screenshot, text } from "./support/browser.mjs";
import { Server } from "./support/server.mjs";

describe("ping-spawner", () => {
  let server;
  let browser;

  before(async () => {
    server = await Server.prepare({ sample: "ping-spawner", greeting: "spawned" });
    await server.start();
    browser = await launch();
  });

  after(async () => {
    await browser?.close();
    await server?.dispose();
  });

  test("every page has a node that answers, pings, and goes with it", async () => {
    const first = await open(browser, server.url);
    const second = await open(browser, server.url, { viewport: { width: 360, height: 740 }, colorScheme: "dark" });
    for (const { page } of [first, second]) {
      await text(page, "#answer", "pong");
      await page.waitForFunction(() => Number(document.querySelector("#pongs").textContent) > 0);
      assert.match(await page.textContent("#endpoint"), /^tls:\/\/127\.0\.0\.1:\d+$/);
    }
    assert.notEqual(await first.page.textContent("#name"), await second.page.textContent("#name"));
    await text(first.page, "#nodes", "2");
    await screenshot(first.page, "ping-spawner");
    await screenshot(second.page, "ping-spawner-phone-dark");
    await accessible(second.page);
    await second.close();
    await text(first.page, "#nodes", "1");
    assert.deepEqual([...first.problems, ...second.problems], []);
    await first.close();
  });
});
