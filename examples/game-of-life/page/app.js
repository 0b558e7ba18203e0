// The page: connects the parts. What the visitor does goes to the server; what the server says goes to the colony;
// what the colony looks like goes to the canvas.

import { Colony } from "./colony.js";
import { Connection } from "/kit/connection.js";
import { TextDialog } from "./dialog.js";
import { Frames, Rate } from "./frames.js";
import { Pace } from "./pace.js";
import { PATTERNS, empty } from "./patterns.js";
import { Pencil } from "./pencil.js";
import { decode, encode, websocketAddress } from "./protocol.js";
import { Renderer } from "./renderer.js";
import { setUpTheme } from "./theme.js";
import { Toast } from "./toast.js";

/** Milliseconds between updates of the rates and checks for answers that are overdue. */
const HOUSEKEEPING = 500;
/** Milliseconds after the last generation from which traces fade by themselves, and between the steps of it. */
const TRACE_PATIENCE = 600;
const TRACE_STEP = 60;
/** The least height in CSS pixels that the grid keeps beside a panel in a low window. */
const MIN_STAGE_HEIGHT = 360;

const element = (id) => document.getElementById(id);
const number = new Intl.NumberFormat("en");
const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
const sideBySide = matchMedia("(min-width: 64rem)");

const shell = element("shell");
const stage = element("stage");
const canvas = element("grid");
const run = element("run");
const speed = element("speed");

const colony = new Colony();
const renderer = new Renderer(canvas, colony);
const generationRate = new Rate();
let generation = 0;
let lastGenerationAt = 0;
let lastFadeAt = 0;
let sentGrid = null;

const toast = new Toast({
  box: element("toast"),
  text: element("toast-text"),
  close: element("toast-close"),
  errors: element("errors"),
  announcements: element("announcements"),
});

const frames = new Frames((time) => {
  if (time - lastGenerationAt > TRACE_PATIENCE && time - lastFadeAt > TRACE_STEP) {
    lastFadeAt = time;
    if (colony.fade()) frames.wake();
  }
  renderer.paint();
  setText("generation", number.format(generation));
  setText("living", number.format(colony.living));
});

const connection = new Connection({
  address: websocketAddress(location),
  heartbeat: encode("heartbeat"),
  onState: showConnection,
  onText: receive,
});

const pace = new Pace({
  ask: () => connection.send(encode("nextGeneration")),
  onSilence: () => toast.error("The server has not answered for five seconds."),
});

const pencil = new Pencil({
  canvas,
  cursor: element("cursor"),
  colony,
  renderer,
  draw: drawCell,
  announce: (text) => toast.announce(text),
});

const dialog = new TextDialog({
  parts: {
    dialog: element("dialog"),
    form: element("dialog-form"),
    text: element("dialog-text"),
    count: element("dialog-count"),
    error: element("dialog-error"),
    copy: element("dialog-copy"),
    cancel: element("dialog-cancel"),
  },
  colony,
  set: setGrid,
  toast,
});

// From the server

function receive(text) {
  let message;
  try {
    message = decode(text);
  } catch (error) {
    toast.error(error.message);
    return;
  }
  if (message === null) return;
  switch (message.topic) {
    case "getGrid":
      replaceGrid(message, false);
      generation = message.generation ?? 0;
      break;
    case "propagateGrid":
      receiveGrid(message);
      break;
    case "propagateGridChange":
      if (colony.has(message.row, message.column)) {
        colony.confirm(colony.index(message.row, message.column), message.state);
      }
      break;
    case "error":
      // The error does not say what it is about, so everything drawn and not confirmed is in doubt.
      colony.revert();
      sentGrid = null;
      toast.error(message.text);
      break;
  }
  frames.wake();
}

/** A whole grid is the answer to a set grid when it is that one, and a new generation otherwise. */
function receiveGrid(message) {
  const wasSet = sentGrid !== null && message.cells.join("") === sentGrid;
  replaceGrid(message, !wasSet);
  if (wasSet) {
    sentGrid = null;
    generation = message.generation ?? 0;
    return;
  }
  const now = performance.now();
  lastGenerationAt = now;
  generationRate.add(now);
  pace.answered();
  generation = message.generation ?? generation + 1;
}

function replaceGrid(message, aging) {
  if (colony.replace(message, aging)) {
    canvas.style.aspectRatio = `${message.columns} / ${message.rows}`;
    layOut();
  }
  setText("dimensions", `${message.rows} × ${message.columns} cells, shared by everyone here`);
}

function showConnection({ name, seconds }) {
  const before = element("connection").dataset.state;
  element("connection").dataset.state = name;
  stage.dataset.state = name;
  setText("connection-text", connectionText(name, seconds));
  if (name !== before) {
    toast.announce(name === "live" ? "Connected" : connectionText(name, 0));
    if (name === "live") pace.forget();
    else pencil.lift();
    sentGrid = null;
  }
  for (const button of serverButtons()) {
    // A running page may be stopped while the server is away; everything else needs it.
    button.setAttribute("aria-disabled", String(name !== "live" && !(button === run && pace.running)));
  }
}

function connectionText(name, seconds) {
  if (name === "live") return "Live";
  if (name === "connecting") return "Connecting";
  return seconds > 0 ? `Lost: retrying in ${seconds} s` : "Lost: retrying now";
}

// To the server

function drawCell(row, column, state) {
  if (!connection.live) return false;
  const index = colony.index(row, column);
  if (colony.alive(index) === state) return true;
  if (!connection.send(encode("gridChange", { row, column, state }))) return false;
  colony.draw(index, state);
  frames.wake();
  return true;
}

function setGrid(digits) {
  if (!connection.send(encode("setGrid", digits))) return false;
  sentGrid = digits;
  return true;
}

function setRunning(running) {
  if (running) pace.start();
  else pace.stop();
  run.dataset.running = String(running);
  setText("run-text", running ? "Stop" : "Start");
  if (!running && !connection.live) run.setAttribute("aria-disabled", "true");
  frames.wake();
}

function showSpeed() {
  const value = Number(speed.value);
  pace.speed = value;
  setText("speed-text", `${value} per second`);
  speed.setAttribute("aria-valuetext", `${value} generations per second`);
  const share = (value - Number(speed.min)) / (Number(speed.max) - Number(speed.min));
  speed.style.setProperty("--filled", `${share * 100}%`);
}

// The page itself

function serverButtons() {
  return document.querySelectorAll("button[aria-disabled]");
}

function onPress(button, action) {
  button.addEventListener("click", () => {
    if (button.getAttribute("aria-disabled") !== "true") action();
  });
}

function addPatternButtons() {
  for (const { name, cells } of PATTERNS) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button";
    button.textContent = name;
    button.setAttribute("aria-disabled", "true");
    onPress(button, () => setGrid(cells(colony.rows, colony.columns)));
    element("patterns").append(button);
  }
}

/** Gives the grid the largest space that leaves room for the panel, and lines the page up with it. */
function layOut() {
  const style = getComputedStyle(shell);
  const pixels = (value) => Number.parseFloat(value) || 0;
  const frame = 2 * stage.clientLeft;
  let width = shell.clientWidth - pixels(style.paddingLeft) - pixels(style.paddingRight) - frame;
  let height = Infinity;
  if (sideBySide.matches) {
    const board = getComputedStyle(stage.parentElement);
    width -= pixels(board.columnGap) + pixels(board.gridTemplateColumns.split(" ").at(-1));
    const taken = element("masthead").offsetHeight + pixels(style.paddingBottom) + frame;
    height = Math.max(MIN_STAGE_HEIGHT, innerHeight - taken);
  }
  const size = renderer.fit(width, height);
  canvas.style.width = `${size.width}px`;
  canvas.style.height = `${size.height}px`;
  shell.style.setProperty("--stage-width", `${size.width + frame}px`);
  pencil.place();
  renderer.paint();
}

function showRates() {
  const now = performance.now();
  pace.check(now);
  if (colony.revert(now) > 0) {
    toast.error("The server did not confirm what was drawn.");
    frames.wake();
  }
  const rate = (value) => (value === null ? "–" : value.toFixed(value < 9.95 ? 1 : 0));
  setText("generation-rate", rate(generationRate.perSecond(now)));
  setText("frame-rate", rate(frames.rate.perSecond(now)));
}

/** Sets text only where it differs, since each change costs layout and may be read aloud. */
function setText(id, text) {
  const target = element(id);
  if (target.textContent !== text) target.textContent = text;
}

addPatternButtons();
onPress(run, () => setRunning(!pace.running));
onPress(element("next"), () => pace.step());
onPress(element("edit"), () => dialog.open());
onPress(element("copy"), () => dialog.copyGrid());
onPress(element("reset"), () => setGrid(empty(colony.rows, colony.columns)));
speed.addEventListener("input", showSpeed);
showSpeed();

const followMotion = () => {
  colony.traces = !reducedMotion.matches;
};
reducedMotion.addEventListener("change", followMotion);
followMotion();

setUpTheme(element("theme"), () => {
  renderer.readColours();
  renderer.paint();
});
layOut();
addEventListener("resize", layOut);
new ResizeObserver(layOut).observe(shell);
setInterval(showRates, HOUSEKEEPING);
connection.open();
