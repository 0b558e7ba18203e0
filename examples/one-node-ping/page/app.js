// Shows the PONGs of the node, and asks for more.

import { connect } from "/kit/kit.js";

const count = document.getElementById("count");
const send = connect({ topics: { PONG: (payload) => (count.textContent = payload) } });
document.getElementById("again").addEventListener("click", () => send("PING"));
