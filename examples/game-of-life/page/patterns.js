// Well-known beginnings, as pictures: `O` lives, `.` does not.

const GLIDER = [".O.", "..O", "OOO"];
const R_PENTOMINO = [".OO", "OO.", ".O."];
const PULSAR = [
  "..OOO...OOO..",
  ".............",
  "O....O.O....O",
  "O....O.O....O",
  "O....O.O....O",
  "..OOO...OOO..",
  ".............",
  "..OOO...OOO..",
  "O....O.O....O",
  "O....O.O....O",
  "O....O.O....O",
  ".............",
  "..OOO...OOO..",
];
const GLIDER_GUN = [
  "........................O...........",
  "......................O.O...........",
  "............OO......OO............OO",
  "...........O...O....OO............OO",
  "OO........O.....O...OO..............",
  "OO........O...O.OO....O.O...........",
  "..........O.....O.......O...........",
  "...........O...O....................",
  "............OO......................",
];

/** The share of living cells in the random beginning; about this much keeps a grid busy for long. */
const DENSITY = 0.28;

export const PATTERNS = [
  { name: "Random", cells: random },
  { name: "Glider", cells: (rows, columns) => centred(GLIDER, rows, columns) },
  { name: "Glider gun", cells: (rows, columns) => centred(GLIDER_GUN, rows, columns) },
  { name: "Pulsar", cells: (rows, columns) => centred(PULSAR, rows, columns) },
  { name: "R-pentomino", cells: (rows, columns) => centred(R_PENTOMINO, rows, columns) },
];

/** An empty grid as digits. */
export const empty = (rows, columns) => "0".repeat(rows * columns);

function random(rows, columns) {
  return Array.from({ length: rows * columns }, () => (Math.random() < DENSITY ? "1" : "0")).join("");
}

function centred(picture, rows, columns) {
  const top = Math.floor((rows - picture.length) / 2);
  const left = Math.floor((columns - picture[0].length) / 2);
  const digits = [];
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) digits.push(picture[row - top]?.[column - left] === "O" ? "1" : "0");
  }
  return digits.join("");
}
