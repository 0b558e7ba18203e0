// A headless Chromium and what tests need to look at the page with.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

/** Milliseconds for every wait of a test on the page. */
const WAIT_LIMIT = 10_000;

export const ROWS = 90;
export const COLUMNS = 140;
export const CELLS = ROWS * COLUMNS;

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/**
 * Opens the page and waits until it is live.
 *
 * Returns `{page, problems, close}`; `problems` collects what the console and failed requests reported.
 */
export async function open(browser, url, options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    permissions: ["clipboard-read", "clipboard-write"],
    ...options,
  });
  context.setDefaultTimeout(WAIT_LIMIT);
  const page = await context.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problems.push(message.text());
  });
  page.on("requestfailed", (request) => problems.push(`${request.url()}: ${request.failure()?.errorText}`));
  await page.goto(url);
  await live(page);
  return { page, problems, close: () => context.close() };
}

export const live = (page) => page.waitForSelector('#connection[data-state="live"]');

/** The grid as digits without line breaks, through the page's own "copy" and the clipboard. */
export async function copied(page) {
  await page.bringToFront();
  await page.evaluate(() => navigator.clipboard.writeText(""));
  await page.click("#copy");
  await page.waitForFunction(async () => (await navigator.clipboard.readText()) !== "");
  return (await page.evaluate(() => navigator.clipboard.readText())).replace(/\s/g, "");
}

/** Sets the grid through the dialog and waits until the server's answer is shown. */
export async function setGrid(page, digits) {
  await page.click("#edit");
  await page.fill("#dialog-text", digits);
  await page.click("#dialog-set");
  await page.waitForSelector("#dialog", { state: "hidden" });
  await shows(page, digits.replace(/\s/g, ""));
}

/** Waits until the page shows exactly this grid, read back from the pixels of its canvas. */
export async function shows(page, digits) {
  await page.waitForFunction(pixelsShow, { digits, rows: ROWS, columns: COLUMNS });
}

/** Runs in the page: whether the middle of each cell has the colour of its state. */
function pixelsShow({ digits, rows, columns }) {
  const canvas = document.getElementById("grid");
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const probe = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const colour = (name) => {
    probe.fillStyle = getComputedStyle(canvas).getPropertyValue(name);
    probe.fillRect(0, 0, 1, 1);
    return probe.getImageData(0, 0, 1, 1).data;
  };
  const field = colour("--field");
  const grown = colour("--cell-grown");
  const born = colour("--cell-born");
  const distance = (at, other) => [0, 1, 2].reduce((sum, channel) => sum + Math.abs(data[at + channel] - other[channel]), 0);
  return [...digits].every((digit, index) => {
    const x = Math.floor((((index % columns) + 0.4) * width) / columns);
    const y = Math.floor(((Math.floor(index / columns) + 0.4) * height) / rows);
    const at = 4 * (y * width + x);
    const living = Math.min(distance(at, grown), distance(at, born)) < distance(at, field);
    return living === (digit === "1");
  });
}

/** The middle of a cell in coordinates of the viewport. */
export async function centre(page, row, column) {
  const box = await page.locator("#grid").boundingBox();
  return { x: box.x + ((column + 0.5) * box.width) / COLUMNS, y: box.y + ((row + 0.5) * box.height) / ROWS };
}

/** Digits of a grid in which exactly these `[row, column]` cells live. */
export function gridWith(cells) {
  const digits = new Array(CELLS).fill("0");
  for (const [row, column] of cells) digits[row * COLUMNS + column] = "1";
  return digits.join("");
}

export const EMPTY = gridWith([]);

/** Waits until an element's text is exactly this. */
export async function text(page, selector, wanted) {
  await page.waitForFunction(([at, value]) => document.querySelector(at)?.textContent === value, [selector, wanted]);
}

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Fails if people with other senses and tools would have a serious problem with the page. */
export async function accessible(page, state) {
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => (await globalThis.axe.run()).violations);
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  const report = serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  assert.deepEqual(report, [], state);
}

/** Keeps a picture of the page for people to look at, in the folder that `SCREENSHOTS` names, if it does. */
export async function screenshot(page, name) {
  if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`) });
}
