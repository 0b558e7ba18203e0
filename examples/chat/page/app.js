// The chat's page: a room, its messages, and who one is.

import { connect, element } from "/kit/kit.js";

/** Messages that the page keeps; older ones leave it. */
const KEPT = 500;

const $ = (id) => document.getElementById(id);
const [list, where, nameBox, roomBox] = [$("messages"), $("where"), $("name"), $("room")];

/** The rooms that the gateway has yet to let the page into, first the one it asked for first. */
const asked = [];
/** What came while it asked: it may be missing in the list of what was said last. */
let meanwhile = [];

const send = connect({
  onLive() {
    // the gateway lets everybody into the lobby as a guest; who was somebody somewhere wants to be that again
    asked.push("lobby");
    if (nameBox.value !== "") enter();
  },
  onLost() {
    asked.length = 0;
  },
  onError() {
    asked.shift();
  },
  topics: {
    join(payload) {
      const last = JSON.parse(payload);
      const seen = new Set(last.map(identity));
      list.replaceChildren();
      [...last, ...meanwhile.filter((message) => !seen.has(identity(message)))].forEach(show);
      meanwhile = [];
      where.textContent = asked.shift() ?? "lobby";
      remember(where.textContent);
    },
    propagateMessage(payload) {
      const message = JSON.parse(payload);
      if (asked.length > 0) meanwhile.push(message);
      show(message);
    },
  },
});

$("entrance").addEventListener("submit", (event) => {
  event.preventDefault();
  enter();
});

$("say").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("text");
  if (text.value.trim() !== "" && send("addMessage", text.value)) text.value = "";
});

function enter() {
  const room = roomBox.value.trim();
  meanwhile = [];
  if (send("enter", { room, name: nameBox.value.trim() })) asked.push(room);
}

const identity = ({ sender, text, sentAt }) => JSON.stringify([sentAt, sender, text]);

function show(message) {
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  const item = element("div", message.sender === nameBox.value.trim() ? "message own" : "message");
  const sent = element("time", "sent", new Date(message.sentAt).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
  sent.dateTime = message.sentAt;
  item.append(element("span", "sender", message.sender), sent, element("p", "said", message.text));
  list.append(item);
  while (list.childElementCount > KEPT) list.firstElementChild.remove();
  if (atEnd) list.scrollTop = list.scrollHeight;
}

function remember(name) {
  const rooms = $("rooms");
  if ([...rooms.options].some((option) => option.value === name)) return;
  const option = element("option", "");
  option.value = name;
  rooms.append(option);
}
