// The page: which part of it is shown, and what keeps it up to date.

import { activityPage } from "./activity.js";
import { Live, read, send } from "./api.js";
import { h, set } from "./dom.js";
import { fleetPage } from "./fleet.js";
import { loginPage } from "./login.js";
import { nodePage } from "./node.js";
import { topologyPage } from "./topology.js";

const main = document.getElementById("main");
const connection = document.getElementById("connection");
const logOut = document.getElementById("log-out");

let page = null;
let loading = null;
let latest = null;
let started = null;
let session = null;

const STATES = { live: "Live", connecting: "Connecting", lost: "No answer" };

const live = new Live(
  (data) => {
    // another program answers: it was restarted, and its past is another
    if (started !== null && data.fleet.process.started !== started) {
      started = data.fleet.process.started;
      latest = null;
      navigate();
      return;
    }
    started = data.fleet.process.started;
    latest = data;
    show(data);
  },
  (state) => {
    set(connection, "data-state", state);
    connection.lastElementChild.textContent = STATES[state];
  },
);

function show(data) {
  page?.update?.(data);
}

function route() {
  const [first, ...rest] = location.hash.replace(/^#\/?/, "").split("/");
  const decoded = rest.map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
  if (first === "") return ["fleet", () => fleetPage()];
  if (first === "topology") return ["topology", () => topologyPage()];
  if (first === "activity") return ["activity", () => activityPage()];
  if (first === "nodes" && decoded[0]) return ["fleet", () => nodePage(decoded[0], decoded[1] ?? "overview")];
  return ["", () => nothingPage()];
}

function nothingPage() {
  return {
    element: h("div", { class: "card empty" }, h("h1", {}, "There is no such page"), h("p", {}, "The address leads nowhere. ", h("a", { href: "#/" }, "To the fleet"))),
    title: "Not found",
    query: "",
  };
}

function mount(next) {
  page?.end?.();
  page = next;
  main.replaceChildren(page.element);
  document.title = `${page.title} · Systemge`;
}

async function navigate() {
  if (session === null) return;
  const [name, make] = route();
  for (const link of document.querySelectorAll(".nav a")) set(link, "aria-current", link.dataset.page === name ? "page" : null);
  const next = make();
  // within a node's page, only the part that changes
  if (next.part !== undefined && page?.part !== undefined && page.part.node === next.part.node) {
    next.end?.();
    page.turn(next.part.tab);
    document.title = `${page.title} · Systemge`;
    return;
  }
  loading?.abort();
  loading = new AbortController();
  const { signal } = loading;
  mount(next);
  scrollTo(0, 0);
  live.watch(next.query ?? "");
  try {
    await next.load?.(signal);
  } catch (error) {
    if (signal.aborted || error.status === 401) return;
    if (error.status === 404) mount(nothingPage());
    // without an answer, the sign at the top says so, and the stream tries again
  }
  if (!signal.aborted && latest !== null && page === next) show(latest);
}

function enter(opened) {
  session = opened;
  globalThis.systemgeReadOnly = opened.role !== "operator";
  logOut.hidden = !opened.login;
  latest = null;
  navigate();
}

function askForLogin() {
  live.stop();
  session = null;
  logOut.hidden = true;
  const login = loginPage(enter);
  mount(login);
  login.ready();
}

async function begin() {
  try {
    enter(await read("/api/session"));
  } catch (error) {
    if (error.status === 401) return;
    set(connection, "data-state", "lost");
    connection.lastElementChild.textContent = STATES.lost;
    setTimeout(begin, 1_000);
  }
}

addEventListener("hashchange", navigate);
addEventListener("systemge-login", () => {
  if (session !== null || page === null) askForLogin();
});
document.getElementById("theme").addEventListener("click", () => globalThis.systemgeTheme());
logOut.addEventListener("click", async () => {
  await send("/api/session/end").catch(() => null);
  askForLogin();
});
main.replaceChildren(h("div", { class: "skeleton" }));
begin();
