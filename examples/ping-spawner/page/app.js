// Shows the life of the page's own node.

import { connect } from "/kit/kit.js";

const $ = (id) => document.getElementById(id);
const show = (id) => (payload) => ($(id).textContent = payload);
let pings = 0;

connect({
  onLive: forget,
  onLost: forget,
  topics: {
    spawned: show("name"),
    dialled: show("endpoint"),
    answered: show("answer"),
    ping(pongs) {
      $("pings").textContent = String((pings += 1));
      $("pongs").textContent = pongs;
      $("beat").animate([{ transform: "scale(1.6)" }, { transform: "scale(1)" }], 400);
    },
    nodes: show("nodes"),
  },
});

/** Another connection has another node. */
function forget() {
  pings = 0;
  for (const id of ["name", "endpoint", "answer", "nodes"]) $(id).textContent = "–";
  for (const id of ["pings", "pongs"]) $(id).textContent = "0";
}
