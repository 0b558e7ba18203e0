// The chess page: a board, two people, and a server that knows the rules.

import { connect, element } from "/kit/kit.js";

const SHAPES = { k: "♚", q: "♛", r: "♜", b: "♝", n: "♞", p: "♟" };
const NAMES = { k: "king", q: "queen", r: "rook", b: "bishop", n: "knight", p: "pawn" };

const $ = (id) => document.getElementById(id);
const [board, status, moves] = [$("board"), $("status"), $("moves")];

/** 64 characters, row 0 first: White's back rank. Upper case is White's. */
let squares = "RNBQKBNRPPPPPPPP................................pppppppprnbqkbnr".split("");
let own = null;
/** Whether this page plays White: it does if it has asked for the game. */
let white = true;
let playing = false;
let asked = false;
let chosen = null;
let last = [];
let whiteToMove = true;

const send = connect({
  onLost() {
    if (playing) finish("The connection is lost, and with it the game.");
    own = null;
  },
  onError() {
    asked = false;
    choose(null);
  },
  topics: {
    connected(id) {
      own = id;
      $("own").value = id;
      tell("Give your id to somebody, or enter theirs.");
    },
    propagate_gameStart(given) {
      squares = given.split("");
      white = asked;
      asked = false;
      playing = true;
      whiteToMove = true;
      last = [];
      moves.replaceChildren();
      $("start").hidden = true;
      $("game").hidden = false;
      tellTurn();
      draw();
    },
    propagate_move(payload) {
      apply(JSON.parse(payload));
    },
    propagate_gameEnd(payload) {
      const { reason, winner } = JSON.parse(payload);
      const result = winner === null ? "A draw" : winner === own ? "You have won" : "You have lost";
      finish(`${result}: ${reason}`);
    },
  },
});

$("start").addEventListener("submit", (event) => {
  event.preventDefault();
  asked = send("startGame", $("opponent").value.trim());
});
$("end").addEventListener("click", () => send("endGame"));
$("copy").addEventListener("click", async () => {
  $("own").select();
  await navigator.clipboard?.writeText($("own").value).catch(() => {});
});

function finish(text) {
  playing = false;
  chosen = null;
  $("start").hidden = false;
  $("game").hidden = true;
  tell(text);
  draw();
}

const tell = (text) => (status.textContent = text);
const tellTurn = () => tell(whiteToMove === white ? "Your move." : "Your opponent's move.");
const isMine = (piece) => piece !== "." && (piece === piece.toUpperCase()) === white;
const name = (index) => `${"abcdefgh"[index % 8]}${Math.floor(index / 8) + 1}`;

/** Makes a move on the page. The server has found it legal, and its notation says what else moves. */
function apply({ fromRow, fromCol, toRow, toCol, algebraicNotation }) {
  const [from, to] = [fromRow * 8 + fromCol, toRow * 8 + toCol];
  const piece = squares[from];
  if (piece.toLowerCase() === "p" && fromCol !== toCol && squares[to] === ".") squares[fromRow * 8 + toCol] = ".";
  squares[from] = ".";
  const promoted = algebraicNotation.match(/=([QRBN])/)?.[1];
  squares[to] = promoted === undefined ? piece : whiteToMove ? promoted : promoted.toLowerCase();
  if (algebraicNotation.startsWith("O-O")) {
    const [rookFrom, rookTo] = algebraicNotation.startsWith("O-O-O") ? [0, 3] : [7, 5];
    squares[fromRow * 8 + rookTo] = squares[fromRow * 8 + rookFrom];
    squares[fromRow * 8 + rookFrom] = ".";
  }
  if (whiteToMove) {
    const line = element("li", "");
    line.append(element("span", "number", `${moves.childElementCount + 1}.`), element("span", "", algebraicNotation), element("span", ""));
    moves.append(line);
  } else {
    moves.lastElementChild.lastElementChild.textContent = algebraicNotation;
  }
  moves.scrollTop = moves.scrollHeight;
  whiteToMove = !whiteToMove;
  last = [from, to];
  chosen = null;
  tellTurn();
  draw();
}

function choose(index) {
  chosen = index;
  draw();
}

function press(index) {
  if (!playing || whiteToMove !== white) return;
  if (chosen === index) choose(null);
  else if (isMine(squares[index])) choose(index);
  else if (chosen !== null) {
    send("move", {
      fromRow: Math.floor(chosen / 8),
      fromCol: chosen % 8,
      toRow: Math.floor(index / 8),
      toCol: index % 8,
      promotion: $("promotion").value,
    });
  }
}

const buttons = Array.from({ length: 64 }, () => {
  const button = element("button", "square");
  button.type = "button";
  button.append(element("span", "piece"));
  board.append(button);
  return button;
});
buttons.forEach((button, place) => button.addEventListener("click", () => press(at(place))));
board.addEventListener("keydown", (event) => {
  const step = { ArrowUp: -8, ArrowDown: 8, ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const place = buttons.indexOf(document.activeElement) + (step ?? 0);
  if (step === undefined || place < 0 || place > 63) return;
  event.preventDefault();
  focusOn(place);
});

function focusOn(place) {
  buttons.forEach((button, other) => (button.tabIndex = other === place ? 0 : -1));
  buttons[place].focus();
}

/** Which square is shown at a place of the page: one's own pieces are at the bottom. */
const at = (place) => (white ? (7 - Math.floor(place / 8)) * 8 + (place % 8) : Math.floor(place / 8) * 8 + (7 - (place % 8)));

function draw() {
  buttons.forEach((button, place) => {
    const index = at(place);
    const piece = squares[index];
    const isWhite = piece === piece.toUpperCase();
    const dark = (Math.floor(index / 8) + index) % 2 === 0;
    button.className = "square";
    button.classList.toggle("dark", dark);
    button.classList.toggle("mine", playing && whiteToMove === white && isMine(piece));
    button.classList.toggle("last", last.includes(index));
    button.classList.toggle("chosen", chosen === index);
    button.dataset.square = name(index);
    const shown = button.firstElementChild;
    // the second character asks for the text form, not for an emoji
    shown.textContent = piece === "." ? "" : `${SHAPES[piece.toLowerCase()]}\uFE0E`;
    shown.className = `piece ${isWhite ? "white" : "black"}`;
    const what = piece === "." ? "empty" : `${isWhite ? "white" : "black"} ${NAMES[piece.toLowerCase()]}`;
    button.setAttribute("aria-label", `${name(index)}, ${what}`);
    button.setAttribute("aria-pressed", String(chosen === index));
  });
}

buttons.forEach((button, place) => (button.tabIndex = place === 52 ? 0 : -1));
draw();
