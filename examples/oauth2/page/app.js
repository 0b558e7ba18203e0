// Who is logged in: by the code that the login has left in the page's address, by the cookie otherwise.

import { connect, element } from "/kit/kit.js";

const $ = (id) => document.getElementById(id);
const FAILURES = {
  denied: "You were not logged in: you have not agreed",
  full: "Too many are logged in; try again later",
  provider: "You were not logged in: the provider gave no usable answer",
};

const query = new URLSearchParams(location.search);
let code = query.get("sessionId") ?? "";
const failure = query.get("loginFailed");
// neither is of use a second time, and a code belongs into no history
query.delete("sessionId");
query.delete("loginFailed");
history.replaceState(null, "", `${location.pathname}${query.size > 0 ? `?${query}` : ""}`);

const send = connect({
  onLive() {
    send("authAttempt", code);
    code = "";
  },
  topics: {
    authSuccess(payload) {
      const { user } = JSON.parse(payload);
      show(`Logged in as ${user.values.name ?? user.values.username ?? user.identity}`, true);
      const lines = Object.entries({ identity: user.identity, ...user.values }).map(([name, value]) => {
        const line = element("div", "");
        line.append(element("dt", "", name), element("dd", "", value));
        return line;
      });
      $("values").replaceChildren(...lines);
    },
    authFailure(reason) {
      const said = reason === "nobody is logged in here" ? "You are not logged in" : `You are not logged in: ${reason}`;
      show(FAILURES[failure] ?? said, false);
    },
    logoutSuccess: (reason) => show(`You are not logged in: ${reason}`, false),
    logoutFailure: (reason) => show(`You are not logged in: ${reason}`, false),
  },
});

$("logout").addEventListener("click", () => send("logoutAttempt"));

function show(status, loggedIn) {
  $("status").textContent = status;
  $("login").hidden = loggedIn;
  $("logout").hidden = !loggedIn;
  $("values").hidden = !loggedIn;
}
