// A login at a real provider, in a real browser.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { accessible, launch, open, screenshot } from "./support/browser.mjs";
import { Server } from "./support/server.mjs";

describe("oauth2", () => {
  let server;
  let browser;

  before(async () => {
    server = await Server.prepare({ sample: "oauth2", program: "oauth2-login", greeting: "welcome" });
    await server.alongside("node", ["examples/oauth2/provider/provider.mjs", server.file("provider.toml")], /listens at/);
    await server.start();
    browser = await launch();
  });

  after(async () => {
    await browser?.close();
    await server?.dispose();
  });

  const says = (page, part) => page.waitForFunction((wanted) => document.querySelector("#status")?.textContent.includes(wanted), part);

  /** Through the provider's own pages, as whoever types that name, up to the last one. */
  const goAlong = async (page, name) => {
    await page.click("#login");
    await page.fill("input[name=login]", name);
    await page.fill("input[name=password]", "anything");
    await page.click("button[type=submit]");
    await page.waitForFunction(() => document.querySelector("input[name=prompt][value=consent]") !== null);
  };

  const logIn = async (page, name) => {
    await goAlong(page, name);
    await page.click("button[type=submit]");
  };

  /** Agrees, but goes no further than to where the provider sends the browser back to; returns that address. */
  const answerOf = async (page) => {
    const form = await page.evaluate(() => {
      const form = document.querySelector("form");
      return { action: form.action, fields: Object.fromEntries(new FormData(form)) };
    });
    let answer = await page.request.post(form.action, { form: form.fields, maxRedirects: 0 });
    for (;;) {
      const next = new URL(answer.headers().location, form.action).href;
      if (next.includes("/callback?")) return next;
      answer = await page.request.get(next, { maxRedirects: 0 });
    }
  };

  /** The page again; the page to which the login leads does not know where its socket is in a test. */
  const landed = (page) => page.waitForRequest((request) => request.url().includes("sessionId="));

  const back = (page) => page.goto(server.url);

  test("whoever logs in is known, also after a reload, until the logout", async () => {
    const { page, problems, close } = await open(browser, server.url);
    await says(page, "You are not logged in");
    await screenshot(page, "oauth2-out");
    const way = landed(page);
    await logIn(page, "ada");
    const address = new URL((await way).url());
    await page.waitForFunction(() => location.search === "");
    assert.deepEqual([...address.searchParams.keys()], ["sessionId"]);

    const cookies = await page.context().cookies(server.url);
    const session = cookies.find(({ name }) => name === "__Host-oauth2-session");
    assert.ok(session.httpOnly && session.secure && session.sameSite === "Lax", JSON.stringify(session));
    assert.equal(await page.evaluate(() => document.cookie), "");
    assert.notEqual(session.value, address.searchParams.get("sessionId"));

    // what the provider's pages and the socket that the page did not find have reported
    problems.length = 0;
    await back(page);
    await says(page, "Logged in as Ada");
    await screenshot(page, "oauth2-in");
    await accessible(page);

    // another tab of the browser is logged out with this one
    const second = await page.context().newPage();
    await second.goto(server.url);
    await says(second, "Logged in as Ada");
    await page.click("#logout");
    await says(page, "you have logged out");
    await says(second, "you have logged out");
    await back(second);
    await says(second, "You are not logged in");
    assert.deepEqual(problems, []);
    await close();
  });

  test("the code of the address logs in by itself, and neither twice nor in another browser", async () => {
    const [ada, eve] = [await open(browser, server.url), await open(browser, server.url, { viewport: { width: 360, height: 740 }, colorScheme: "dark" })];
    const withCode = (url) => `${server.url}&${new URL(url).searchParams}`;
    const codeOf = async ({ page }, name) => {
      // the page itself is not let use its code
      await page.route("**/app.js", (route) => route.fulfill({ contentType: "text/javascript", body: "" }));
      const way = landed(page);
      await logIn(page, name);
      const url = withCode((await way).url());
      await page.waitForLoadState();
      await page.unroute("**/app.js");
      return url;
    };
    await says(ada.page, "You are not logged in");
    const url = await codeOf(ada, "ada");
    await ada.page.goto(url);
    await says(ada.page, "Logged in as Ada");
    await ada.page.goto(url);
    await says(ada.page, "used already");
    await back(ada.page);
    await says(ada.page, "Logged in as Ada");

    await says(eve.page, "You are not logged in");
    const fresh = await codeOf(eve, "eve");
    await ada.page.goto(fresh);
    await says(ada.page, "another browser");
    await back(eve.page);
    await says(eve.page, "Logged in as Eve");
    await screenshot(eve.page, "oauth2-phone-dark");
    await ada.close();
    await eve.close();
  });

  test("an answer of the provider is good once, and only where the login began", async () => {
    const [ada, eve] = [await open(browser, server.url), await open(browser, server.url)];
    await says(ada.page, "You are not logged in");
    await goAlong(ada.page, "ada");
    const answer = await answerOf(ada.page);
    const way = landed(ada.page);
    await ada.page.goto(answer);
    await way;
    const opened = async (url) => (await ada.page.goto(url)).status();
    assert.equal(await opened(answer), 403, "replayed");
    assert.equal(await opened(answer.replace(/state=[^&]+/, "state=forged")), 403, "forged");

    // Eve has Ada open the end of Eve's login
    await says(eve.page, "You are not logged in");
    await goAlong(eve.page, "eve");
    const foreign = await answerOf(eve.page);
    assert.equal(await opened(foreign), 403, "begun in another browser");
    await back(ada.page);
    await says(ada.page, "Logged in as Ada");
    await ada.close();
    await eve.close();
  });
});
