//! The grid and its rules, without any network.

/// How many rows the grid has.
pub const ROWS: usize = 90;
/// How many columns the grid has.
pub const COLUMNS: usize = 140;
const CELLS: usize = ROWS * COLUMNS;

/// A cell and what becomes of it, as browsers and nodes send it.
#[systemge::payload]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// From 0 at the top.
    pub row: usize,
    /// From 0 at the left.
    pub column: usize,
    /// 1 lives, 0 is dead.
    pub state: u8,
}

/// The whole grid, as browsers and nodes get it.
#[systemge::payload]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The cells, row by row: 1 lives, 0 is dead.
    pub grid: Vec<Vec<u8>>,
    /// How many rows there are.
    pub rows: usize,
    /// How many columns there are.
    pub cols: usize,
}

/// Why something can't be done to the grid. The sender's mistake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GridError {
    /// There is no such cell.
    #[error("there is no cell in row {row}, column {column}: the grid has {ROWS} rows and {COLUMNS} columns")]
    Outside {
        /// The row.
        row: usize,
        /// The column.
        column: usize,
    },
    /// A cell is neither dead nor alive.
    #[error("the state of a cell is 0 or 1, not {0}")]
    State(u8),
    /// A text stands for more or fewer cells.
    #[error("a grid takes {CELLS} digits, one for each cell, not {0}")]
    Length(usize),
    /// A text has something else than digits of cells.
    #[error("the digits of a grid are 0 and 1; number {position} is `{found}`")]
    Digit {
        /// Which one, from 1.
        position: usize,
        /// What stands there.
        found: char,
    },
}

impl Cell {
    /// Whether the grid has such a cell, and a cell such a state.
    ///
    /// # Errors
    ///
    /// If not.
    pub const fn check(&self) -> Result<(), GridError> {
        if self.row >= ROWS || self.column >= COLUMNS {
            return Err(GridError::Outside { row: self.row, column: self.column });
        }
        if self.state > 1 { Err(GridError::State(self.state)) } else { Ok(()) }
    }
}

/// The grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    /// Row by row: 1 lives, 0 is dead.
    cells: Vec<u8>,
    toroidal: bool,
}

impl Default for Grid {
    /// Dead cells on a torus.
    fn default() -> Self {
        Self { cells: vec![0; ROWS * COLUMNS], toroidal: true }
    }
}

impl Grid {
    /// Sets a cell.
    ///
    /// # Errors
    ///
    /// If there is no such cell or state.
    pub fn set(&mut self, cell: Cell) -> Result<(), GridError> {
        cell.check()?;
        self.cells[cell.row * COLUMNS + cell.column] = cell.state;
        Ok(())
    }

    /// Reads a grid from one digit for each cell.
    ///
    /// # Errors
    ///
    /// If the text has another length, or anything but 0 and 1.
    pub fn parse(text: &str) -> Result<Vec<u8>, GridError> {
        let count = text.chars().count();
        if count != ROWS * COLUMNS {
            return Err(GridError::Length(count));
        }
        let cells = text.chars().enumerate().map(|(index, digit)| match digit {
            '0' => Ok(0),
            '1' => Ok(1),
            found => Err(GridError::Digit { position: index + 1, found }),
        });
        cells.collect()
    }

    /// Takes the cells of a text.
    ///
    /// # Errors
    ///
    /// Those of [`parse`](Self::parse); the grid is then as it was.
    pub fn replace(&mut self, text: &str) -> Result<(), GridError> {
        self.cells = Self::parse(text)?;
        Ok(())
    }

    /// Goes on by one generation: a cell lives if three of its eight neighbours do, or if two do and it lived.
    pub fn advance(&mut self) {
        self.cells = (0..ROWS * COLUMNS)
            .map(|index| {
                let alive = self.cells[index];
                match self.neighbours(index / COLUMNS, index % COLUMNS) {
                    3 => 1,
                    2 => alive,
                    _ => 0,
                }
            })
            .collect();
    }

    fn neighbours(&self, row: usize, column: usize) -> u8 {
        let mut living = 0;
        for (down, right) in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1), (2, 2)] {
            // one more than the neighbour's place, so that nothing is below zero
            let (row, column) = (row + down, column + right);
            if self.toroidal {
                living += self.cells[(row + ROWS - 1) % ROWS * COLUMNS + (column + COLUMNS - 1) % COLUMNS];
            } else if (1..=ROWS).contains(&row) && (1..=COLUMNS).contains(&column) {
                living += self.cells[(row - 1) * COLUMNS + column - 1];
            }
        }
        living
    }

    /// Makes each cell live with a probability in percent.
    pub fn randomize(&mut self, percent: u8) {
        self.cells.fill_with(|| u8::from(fastrand::u8(..100) < percent));
    }

    /// Makes the living dead, and the dead alive.
    pub fn invert(&mut self) {
        for cell in &mut self.cells {
            *cell = 1 - *cell;
        }
    }

    /// Makes every other cell live, as on a chess board.
    pub fn chess(&mut self) {
        for (index, cell) in self.cells.iter_mut().enumerate() {
            *cell = u8::from((index / COLUMNS + index % COLUMNS).is_multiple_of(2));
        }
    }

    /// Joins the edges, or parts them; returns whether they are joined now.
    pub const fn toggle_toroidal(&mut self) -> bool {
        self.toroidal = !self.toroidal;
        self.toroidal
    }

    /// The cells as browsers get them.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let grid = self.cells.chunks(COLUMNS).map(<[u8]>::to_vec).collect();
        Snapshot { grid, rows: ROWS, cols: COLUMNS }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn living(grid: &Grid) -> Vec<(usize, usize)> {
        let cells = grid.cells.iter().enumerate().filter(|(_, state)| **state == 1);
        cells.map(|(index, _)| (index / COLUMNS, index % COLUMNS)).collect()
    }

    fn with(cells: &[(usize, usize)]) -> Grid {
        let mut grid = Grid::default();
        for &(row, column) in cells {
            grid.set(Cell { row, column, state: 1 }).unwrap();
        }
        grid
    }

    #[test]
    fn a_glider_moves_by_one_cell_in_four_generations() {
        let mut grid = with(&[(0, 1), (1, 2), (2, 0), (2, 1), (2, 2)]);
        for _ in 0..4 {
            grid.advance();
        }
        assert_eq!(living(&grid), [(1, 2), (2, 3), (3, 1), (3, 2), (3, 3)]);
    }

    #[test]
    fn neighbours_reach_over_the_edge_only_on_a_torus() {
        let corner = [(0, 0), (0, COLUMNS - 1), (ROWS - 1, 0)];
        let mut torus = with(&corner);
        torus.advance();
        assert_eq!(living(&torus).len(), 4);
        let mut plane = with(&corner);
        assert!(!plane.toggle_toroidal());
        plane.advance();
        assert_eq!(living(&plane), []);
    }

    #[test]
    fn a_text_of_the_wrong_length_or_with_other_digits_changes_nothing() {
        let mut grid = with(&[(3, 3)]);
        assert_eq!(grid.replace("01"), Err(GridError::Length(2)));
        let mut text = "0".repeat(ROWS * COLUMNS);
        text.replace_range(4..5, "x");
        assert_eq!(grid.replace(&text), Err(GridError::Digit { position: 5, found: 'x' }));
        assert_eq!(living(&grid), [(3, 3)]);
        text.replace_range(4..5, "1");
        grid.replace(&text).unwrap();
        assert_eq!(living(&grid), [(0, 4)]);
    }

    #[test]
    fn a_cell_outside_the_grid_is_refused() {
        let mut grid = Grid::default();
        assert!(grid.set(Cell { row: ROWS, column: 0, state: 1 }).is_err());
        assert!(grid.set(Cell { row: 0, column: COLUMNS, state: 1 }).is_err());
        assert!(grid.set(Cell { row: 0, column: 0, state: 2 }).is_err());
        assert_eq!(grid, Grid::default());
    }
}
