// Shows what the two nodes say to each other.

import { connect } from "/kit/kit.js";

const [answer, pongs] = [document.getElementById("answer"), document.getElementById("pongs")];
let count = 0;

const send = connect({
  topics: {
    pingPong: (payload) => (answer.textContent = payload),
    pong: () => (pongs.textContent = String((count += 1))),
  },
});
document.getElementById("again").addEventListener("click", () => send("ping"));
