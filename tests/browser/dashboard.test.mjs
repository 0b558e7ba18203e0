// The dashboard of ten nodes under load, in a real browser.

import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { launch } from "./support/browser.mjs";
import { Fleet } from "./support/fleet.mjs";
import { contrastFaults } from "./support/looks.mjs";

const WAIT_LIMIT = 10_000;
const OPERATOR = "operator-operator";
const READER = "reader-reader-reader";
const PAGES = ["#/", "#/topology", "#/activity", "#/nodes/users", "#/nodes/users/topics", "#/nodes/report/peers", "#/nodes/users/commands", "#/nodes/users/settings"];

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** Opens a page and waits until it is live; `problems` collects what the browser complains of. */
async function open(url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(WAIT_LIMIT);
  const page = await context.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problems.push(message.text());
  });
  await page.goto(url);
  return { page, problems, close: () => context.close() };
}

const live = (page) => page.waitForSelector('#connection[data-state="live"]');
const row = (page, node) => page.locator(".fleet-table tbody tr", { has: page.locator(`a[href="#/nodes/${node}"]`) });
const stateIn = (page, node, state) => row(page, node).locator(`.state[data-state="${state}"]`).waitFor();

describe("the dashboard", () => {
  let fleet;

  before(async () => {
    fleet = await Fleet.prepare();
    await fleet.start();
  });
  after(() => fleet?.kill());

  test("shows every node, and loads nothing from elsewhere", async () => {
    const { page, problems, close } = await open("about:blank");
    const hosts = new Set();
    page.on("request", (request) => hosts.add(new URL(request.url()).host));
    await page.goto(fleet.url);
    await live(page);
    await row(page, "shop").waitFor();
    assert.equal(await page.locator(".fleet-table tbody tr").count(), 11);
    await stateIn(page, "report", "degraded");
    assert.match(await page.locator(".notice").first().innerText(), /report is degraded: tcp:\/\/127\.0\.0\.1:9 is not connected/);
    assert.deepEqual([...hosts], [new URL(fleet.url).host]);
    assert.deepEqual(problems, []);
    await close();
  });

  test("a node that is stopped and started on one page is seen on another", async () => {
    const one = await open(fleet.url);
    const other = await open(fleet.url);
    await live(one.page);
    await stateIn(other.page, "prices", "running");
    await row(one.page, "prices").locator('[data-action="stop"]').click();
    await one.page.locator("dialog[open] [data-confirm]").click();
    await one.page.locator("dialog[open]", { hasText: "prices is stopped" }).waitFor();
    await one.page.locator("dialog[open] [data-done]").click();
    await stateIn(other.page, "prices", "stopped");
    await stateIn(other.page, "stock", "degraded");
    await row(other.page, "prices").locator('[data-action="start"]').click();
    await other.page.locator(".toast", { hasText: "prices is running" }).waitFor();
    await stateIn(one.page, "prices", "running");
    await stateIn(one.page, "stock", "running");
    assert.deepEqual([...one.problems, ...other.problems], []);
    await one.close();
    await other.close();
  });

  test("a command is run with its arguments, and its result is text", async () => {
    const { page, problems, close } = await open(`${fleet.url}#/nodes/users/commands`);
    const greet = page.locator('[data-command="greet"]');
    await greet.getByLabel(/^name/).fill("Ada & Bob");
    await greet.getByLabel(/^times/).fill("2");
    await greet.getByRole("button", { name: "Run" }).click();
    await greet.locator(".result", { hasText: "Hello, Ada & Bob!\nHello, Ada & Bob!" }).waitFor();
    const sum = page.locator('[data-command="sum"]');
    await sum.locator("textarea").fill("1\n-3\n40");
    await sum.getByRole("button").click();
    await sum.locator(".result", { hasText: "38" }).waitFor();
    const fail = page.locator('[data-command="fail"]');
    await fail.getByRole("button").click();
    await fail.locator(".result.bad", { hasText: "<B>NO</B>" }).waitFor();
    await page.locator("td", { hasText: "greet \"Ada & Bob\" 2" }).waitFor();
    assert.equal(await page.locator("main b b, main .result b, td b").count(), 0, "nothing of a node becomes markup");
    await page.goto(`${fleet.url}#/activity`);
    await page.locator("td", { hasText: "<B>NO</B>" }).first().waitFor();
    // the browser itself reports that the failed command answered 409
    assert.deepEqual(problems.filter((problem) => !problem.includes("409")), []);
    await close();
  });

  test("charts move under real traffic, and their past survives a reload", async () => {
    const { page, problems, close } = await open(`${fleet.url}#/nodes/orders`);
    const chart = page.locator('time-series[data-title="Messages and requests"]');
    const line = () => chart.locator(".chart-line").first().getAttribute("d");
    const points = async () => ((await line()) ?? "").split("L").length;
    await chart.locator(".chart-line").first().waitFor();
    const first = await line();
    await page.waitForFunction((before) => document.querySelector('time-series[data-title="Messages and requests"] .chart-line').getAttribute("d") !== before, first);
    await page.waitForFunction(() => {
      const shown = document.querySelector('time-series[data-title="Messages and requests"]').closest("section").querySelector(".legend b").textContent;
      return Number.parseFloat(shown.replace(/,/g, "")) > 100;
    });
    await page.waitForFunction(() => document.querySelector(".chart-line").getAttribute("d").split("L").length > 4);
    const before = await points();
    await page.reload();
    await chart.locator(".chart-line").first().waitFor();
    assert.ok((await points()) >= before, "the past is the server's");
    await page.getByRole("button", { name: "24 hours" }).click();
    await page.waitForFunction(() => document.querySelector('.segments [aria-pressed="true"]').textContent === "24 hours");
    await page.waitForFunction(() => document.querySelector(".chart-line") !== null);
    assert.deepEqual(problems, []);
    await close();
  });

  test("numbers that change move nothing", async () => {
    const { page, close } = await open(fleet.url);
    await row(page, "shop").waitFor();
    await page.waitForTimeout(1_000);
    const shift = await page.evaluate(
      () =>
        new Promise((resolve) => {
          let sum = 0;
          new PerformanceObserver((list) => list.getEntries().forEach((entry) => (sum += entry.value))).observe({ type: "layout-shift" });
          setTimeout(() => resolve(sum), 3_500);
        }),
    );
    assert.ok(shift < 0.001, `layout shift ${shift}`);
    await close();
  });

  test("a node that a spawner makes appears, and vanishes again", async () => {
    const { page, problems, close } = await open(fleet.url);
    await row(page, "shop").waitFor();
    const desk = await open(`${fleet.url}#/nodes/desk/commands`);
    const form = desk.page.locator('[data-command="open"]');
    await form.getByLabel(/^name/).fill("pop-up");
    await form.getByRole("button").click();
    await form.locator(".result", { hasText: "pop-up is open" }).waitFor();
    await stateIn(page, "pop-up", "running");
    await page.goto(`${fleet.url}#/nodes/pop-up`);
    await page.getByRole("heading", { name: "pop-up" }).waitFor();
    // the page knows the node only now; a node that was never seen is an address that leads nowhere
    await page.locator('.node-state .state[data-state="running"]').waitFor();
    await fleet.post("nodes/desk/commands/close", { arguments: { name: "pop-up" } });
    await page.locator(".notice", { hasText: "is no longer here" }).waitFor();
    await page.goto(`${fleet.url}#/`);
    await row(page, "shop").waitFor();
    await row(page, "pop-up").waitFor({ state: "detached" });
    assert.deepEqual([...problems, ...desk.problems], []);
    await close();
    await desk.close();
  });

  test("the topology shows who dials whom, one-way links, and what nobody handles", async () => {
    await fleet.post("nodes/mail/stop");
    const { page, problems, close } = await open(`${fleet.url}#/topology`);
    await page.locator(".topology").waitFor();
    const link = (from, to) => page.locator("tbody tr").filter({ has: page.locator(`td:nth-child(1) :text-is("${from}")`) }).filter({ has: page.locator(`td:nth-child(2) :text-is("${to}")`) });
    await link("shop", "orders").locator('.state[data-state="running"]').waitFor();
    await link("report", "orders").locator(".badge", { hasText: "one-way" }).waitFor();
    assert.equal(await link("shop", "orders").locator(".badge").count(), 0);
    await link("payments", "mail").locator('.state[data-state="degraded"]').waitFor();
    await page.locator('.topo-link[data-state="waiting"]').first().waitFor({ state: "attached" });
    await fleet.post("nodes/users/disconnect", { endpoint: "mem://mail" });
    for (const peer of ["shop", "payments"]) await fleet.post("nodes/users/disconnect", { endpoint: `mem://${peer}` });
    await page.locator(".notice.bad", { hasText: /users sends requests of the topic\s+backlog/ }).waitFor();
    for (const peer of ["shop", "payments"]) await fleet.post("nodes/users/connect", { endpoint: `mem://${peer}` });
    await fleet.post("nodes/mail/start");
    await fleet.post("nodes/users/connect", { endpoint: "mem://mail" });
    await page.locator(".notice.bad", { hasText: "users" }).waitFor({ state: "hidden" });
    assert.deepEqual(problems, []);
    await close();
  });

  test("peers are dialled and let go on a node's page", async () => {
    const { page, close } = await open(`${fleet.url}#/nodes/search/peers`);
    await page.getByLabel("Dial another peer").fill("mem://prices");
    await page.getByRole("button", { name: "Connect", exact: true }).click();
    const peer = page.locator("tbody tr", { hasText: "mem://prices" });
    await peer.locator('.state[data-state="running"]').waitFor();
    await peer.getByRole("button", { name: "Disconnect" }).click();
    await peer.waitFor({ state: "detached" });
    await page.getByLabel("Dial another peer").fill("nonsense");
    await page.getByRole("button", { name: "Connect", exact: true }).click();
    await page.locator(".form-error", { hasText: "`endpoint` is wrong" }).waitFor();
    await close();
  });

  test("a setting is changed while its node runs, and a wrong value is explained", async () => {
    const { page, close } = await open(`${fleet.url}#/nodes/search/settings`);
    const form = page.getByRole("form", { name: "requests.timeout" });
    await form.locator("input").fill("nonsense");
    await form.getByRole("button").click();
    await form.locator(".form-error", { hasText: "takes a duration with its unit" }).waitFor();
    await form.locator("input").fill("3s");
    await form.getByRole("button").click();
    await page.locator(".toast", { hasText: "requests.timeout is 3s" }).waitFor();
    await page.reload();
    await page.waitForFunction(() => document.querySelector('form[aria-label="requests.timeout"] input')?.value === "3s");
    await close();
  });

  test("everything is reached by keyboard", async () => {
    const { page, close } = await open(fleet.url);
    await row(page, "shop").waitFor();
    const reached = [];
    for (let step = 0; step < 30; step += 1) {
      await page.keyboard.press("Tab");
      const focus = await page.evaluate(() => ({ name: document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent, outline: Number.parseFloat(getComputedStyle(document.activeElement).outlineWidth) }));
      assert.ok(focus.outline >= 2, `${focus.name} shows no focus`);
      reached.push(focus.name);
    }
    for (const name of ["To the content", "Topology", "Switch between light and dark", "shop", "Restart shop", "Stop shop"]) assert.ok(reached.includes(name), `${name} was not reached`);
    await row(page, "shop").locator('[data-action="stop"]').focus();
    await page.keyboard.press("Enter");
    await page.locator("dialog[open]").waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Cancel", "the harmless answer comes first");
    await page.keyboard.press("Escape");
    await page.locator("dialog").waitFor({ state: "detached" });
    assert.equal(await page.evaluate(() => document.activeElement.dataset.action), "stop", "the focus comes back");
    await page.locator("time-series").focus();
    await page.keyboard.press("ArrowLeft");
    await page.locator(".tooltip").waitFor();
    await close();
  });

  for (const colorScheme of ["light", "dark"]) {
    test(`axe finds nothing serious, and text has enough contrast (${colorScheme})`, async () => {
      const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
      const { page, close } = await open(fleet.url, { colorScheme });
      for (const hash of PAGES) {
        await page.goto(fleet.url + hash);
        await page.locator("main h1").waitFor({ state: "attached" });
        await page.waitForTimeout(1_200);
        await page.evaluate(axe);
        const violations = await page.evaluate(async () => (await globalThis.axe.run()).violations);
        const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
        assert.deepEqual(serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`), [], hash);
        const { faint, looked } = await page.evaluate(contrastFaults);
        assert.deepEqual(faint, [], hash);
        assert.ok(looked > 10, `${looked} texts on ${hash}`);
      }
      await close();
    });
  }

  for (const width of [360, 768, 1440]) {
    test(`at ${width} pixels nothing makes the page scroll sideways`, async () => {
      const { page, close } = await open(fleet.url, { viewport: { width, height: 800 } });
      const folder = process.env.SCREENSHOTS;
      if (folder) await mkdir(folder, { recursive: true });
      for (const hash of PAGES) {
        await page.goto(fleet.url + hash);
        await page.locator("main h1").waitFor({ state: "attached" });
        await page.waitForTimeout(1_200);
        const [scroll, client] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
        assert.ok(scroll <= client, `${hash}: ${scroll} > ${client}`);
        const small = await page.evaluate(() => [...document.querySelectorAll("main button, main input, main select")].filter((one) => one.checkVisibility() && Math.min(one.offsetWidth, one.offsetHeight) < 24).map((one) => one.outerHTML));
        assert.deepEqual(small, [], hash);
        if (folder) {
          for (const colorScheme of ["light", "dark"]) {
            await page.emulateMedia({ colorScheme });
            await page.screenshot({ path: `${folder}/${hash.replace(/[#/]+/g, "-").replace(/^-|-$/g, "") || "fleet"}-${width}-${colorScheme}.png`, fullPage: true });
          }
        }
      }
      await close();
    });
  }

  test("a chosen theme stays", async () => {
    const { page, close } = await open(fleet.url, { colorScheme: "light" });
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    await page.click("#theme");
    const dark = await ground();
    assert.notEqual(dark, light);
    await page.reload();
    assert.equal(await ground(), dark);
    await close();
  });

  // the last one: it ends the program
  test("a page finds its way back when the program was restarted", async () => {
    const { page, close } = await open(`${fleet.url}#/nodes/orders`);
    await live(page);
    await fleet.kill();
    await page.waitForSelector('#connection[data-state="lost"]');
    await page.getByText("No answer").waitFor();
    await fleet.start();
    await live(page);
    await page.locator('.page-head .state[data-state="running"]').waitFor();
    await page.goto(`${fleet.url}#/`);
    await stateIn(page, "orders", "running");
    await close();
  });
});

describe("the dashboard with tokens", () => {
  let fleet;
  before(async () => {
    fleet = await Fleet.prepare([OPERATOR, READER]);
    await fleet.start();
  });
  after(() => fleet?.kill());

  test("asks for a token; who may only look is offered nothing else", async () => {
    const { page, close } = await open(fleet.url);
    await page.getByLabel("Token").fill("wrong-wrong-wrong");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.locator(".form-error", { hasText: "This is not the token." }).waitFor();
    await page.getByLabel("Token").fill(READER);
    await page.getByRole("button", { name: "Log in" }).click();
    await row(page, "shop").waitFor();
    assert.equal(await page.locator("[data-action]").count(), 0);
    await page.reload();
    await row(page, "shop").waitFor();
    await page.click("#log-out");
    await page.getByLabel("Token").fill(OPERATOR);
    await page.getByRole("button", { name: "Log in" }).click();
    await row(page, "shop").locator('[data-action="stop"]').waitFor();
    await close();
  });
});
