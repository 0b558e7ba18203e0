// Starts the sending, and shows how fast it goes.

import { connect } from "/kit/kit.js";

const $ = (id) => document.getElementById(id);
const WIDTH = 600;
const HEIGHT = 160;

/** Per phase, where the rates go; they come five times in a second, and a run of ten minutes still fits. */
const rates = { messages: [], requests: [] };
const number = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
let stopping = false;

const send = connect({
  onLive: forget,
  onLost: () => running(false),
  onError: () => running(false),
  topics: {
    welcome: (payload) => payload !== "null" && payload !== "" && summarise(JSON.parse(payload)),
    progress(payload) {
      const { phase, done, of, perSecond } = JSON.parse(payload);
      // a run that somebody else has started begins here, too
      if (phase === "messages" && done < ($("messages-progress").value || 0)) forget();
      if (!stopping) running(true);
      $(`${phase}-rate`).textContent = number.format(perSecond);
      $(`${phase}-progress`).max = of;
      $(`${phase}-progress`).value = done;
      $(`${phase}-note`).textContent = `${number.format(done)} of ${number.format(of)}`;
      if (rates[phase].length < 3_000) rates[phase].push(perSecond);
      draw();
    },
    summary(payload) {
      running(false);
      summarise(JSON.parse(payload));
    },
    failed(reason) {
      running(false);
      $("requests-note").textContent = `Ended early: ${reason}`;
    },
  },
});

$("run").addEventListener("submit", (event) => {
  event.preventDefault();
  forget();
  if (send("start", $("count").value)) running(true);
});

$("stop").addEventListener("click", () => {
  stopping = send("stop");
  $("stop").disabled = true;
});

function running(now) {
  stopping = stopping && now;
  $("start").disabled = now;
  $("stop").disabled = !now;
}

function forget() {
  for (const phase of Object.keys(rates)) {
    rates[phase].length = 0;
    $(`${phase}-rate`).textContent = "–";
    $(`${phase}-progress`).value = 0;
    $(`${phase}-note`).textContent = "Not sent yet";
  }
  draw();
}

function summarise(summary) {
  for (const phase of Object.keys(rates)) {
    const { perSecond, seconds } = summary[phase];
    $(`${phase}-rate`).textContent = number.format(perSecond);
    $(`${phase}-progress`).max = summary.count;
    $(`${phase}-progress`).value = summary.count;
    $(`${phase}-note`).textContent = `${number.format(summary.count)} in ${seconds.toFixed(2)} s`;
  }
}

/** Both phases one after the other, the highest rate at the top. */
function draw() {
  const all = [...rates.messages, ...rates.requests];
  const top = Math.max(...all, 1);
  $("top").textContent = all.length > 0 ? number.format(top) : "–";
  const step = WIDTH / Math.max(all.length, 1);
  const lines = Object.entries(rates).map(([phase, values]) => {
    const first = phase === "requests" ? rates.messages.length : 0;
    // each rate is that of a while
    const points = values.flatMap((value, index) => {
      const height = (HEIGHT - 4 - (value / top) * (HEIGHT - 8)).toFixed(1);
      return [0, 1].map((side) => `${((first + index + side) * step).toFixed(1)},${height}`);
    });
    const line = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
    line.setAttribute("class", phase);
    line.setAttribute("points", points.join(" "));
    return line;
  });
  $("chart").replaceChildren(...lines);
}
