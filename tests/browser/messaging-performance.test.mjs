// Messages and requests, and their rates live.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { accessible, launch, open, screenshot } from "./support/browser.mjs";
import { Server } from "./support/server.mjs";

describe("messaging-performance", () => {
  let server;
  let browser;

  before(async () => {
    server = await Server.prepare({ sample: "messaging-performance", greeting: "welcome" });
    await server.start();
    browser = await launch();
  });

  after(async () => {
    await browser?.close();
    await server?.dispose();
  });

  const notes = (page, part) =>
    page.waitForFunction((wanted) => document.querySelector("#requests-note").textContent.includes(wanted), part);

  test("the rates are shown while it sends, and in the end", async () => {
    const { page, problems, close } = await open(browser, server.url);
    assert.equal(await page.inputValue("#count"), "1000000");
    await page.fill("#count", "30000");
    await page.click("#start");
    await page.waitForFunction(() => document.querySelectorAll("#chart polyline").length === 2);
    await notes(page, "30,000 in ");
    assert.match(await page.textContent("#messages-rate"), /^[\d,]+$/);
    await screenshot(page, "messaging-performance");

    // a page that comes later is shown the last figures; another run can be stopped
    const second = await open(browser, server.url, { viewport: { width: 360, height: 740 }, colorScheme: "dark" });
    await notes(second.page, "30,000 in ");
    await second.page.fill("#count", "100000000");
    await second.page.click("#start");
    await page.waitForFunction(() => document.querySelector("#messages-note").textContent.includes("of 100,000,000"));
    await screenshot(second.page, "messaging-performance-phone-dark");
    await second.page.click("#stop");
    await notes(page, "Ended early: stopped");
    await accessible(second.page);
    assert.deepEqual([...problems, ...second.problems], []);
    await second.close();
    await close();
  });
});
