// Two people in two browsers talk.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { accessible, launch, open, screenshot, text } from "./support/browser.mjs";
import { Server } from "./support/server.mjs";

describe("chat", () => {
  let server;
  let browser;

  before(async () => {
    server = await Server.prepare({ sample: "chat", greeting: "join" });
    await server.start();
    browser = await launch();
  });

  after(async () => {
    await browser?.close();
    await server?.dispose();
  });

  const enter = async (page, name, room) => {
    await page.fill("#name", name);
    await page.fill("#room", room);
    await page.click("#entrance button");
    await text(page, "#where", room);
  };

  const say = async (page, what) => {
    await page.fill("#text", what);
    await page.press("#text", "Enter");
  };

  const heard = (page, what) =>
    page.waitForFunction((wanted) => [...document.querySelectorAll(".said")].some(({ textContent }) => textContent === wanted), what);

  test("what one says the other reads, as text", async () => {
    const [ada, bob] = [await open(browser, server.url), await open(browser, server.url, { viewport: { width: 360, height: 740 } })];
    await enter(ada.page, "Ada", "den");
    await enter(bob.page, "Bob", "den");
    await say(ada.page, "<img src=x onerror=alert(1)> hello");
    await heard(bob.page, "<img src=x onerror=alert(1)> hello");
    await say(bob.page, "Hi Ada. Is this the room with the long sentences that have to wrap somewhere on a telephone?");
    await heard(ada.page, "Hi Ada. Is this the room with the long sentences that have to wrap somewhere on a telephone?");
    assert.equal(await ada.page.inputValue("#text"), "");
    await screenshot(ada.page, "chat");
    await screenshot(bob.page, "chat-phone");
    await accessible(bob.page);
    assert.deepEqual([...ada.problems, ...bob.problems], []);
    await ada.close();
    await bob.close();
  });

  test("a name that is taken is refused, and who comes later sees what was said", async () => {
    const [ada, other] = [await open(browser, server.url), await open(browser, server.url, { colorScheme: "dark" })];
    await enter(ada.page, "Ada", "attic");
    await say(ada.page, "first");
    await heard(ada.page, "first");
    await other.page.fill("#name", "Ada");
    await other.page.fill("#room", "attic");
    await other.page.click("#entrance button");
    await other.page.waitForSelector("#errors:not([hidden])");
    assert.match(await other.page.textContent("#errors"), /called `Ada` already/);
    assert.equal(await other.page.textContent("#where"), "lobby");
    await enter(other.page, "Eve", "attic");
    await heard(other.page, "first");
    await screenshot(other.page, "chat-dark");
    await ada.close();
    await other.close();
  });

  test("after a restart the page is in its room again", async () => {
    const ada = await open(browser, server.url);
    await enter(ada.page, "Ada", "cellar");
    await server.kill();
    await ada.page.waitForSelector('#connection[data-state="lost"]');
    await server.start();
    await ada.page.waitForSelector('#connection[data-state="live"]');
    await text(ada.page, "#where", "cellar");
    await say(ada.page, "still me");
    await heard(ada.page, "still me");
    assert.equal(await ada.page.textContent(".sender"), "Ada");
    await ada.close();
  });
});
