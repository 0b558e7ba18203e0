//! The rules: where the pieces stand, which moves are legal, and when a game is over.
//!
//! `cozy-chess` knows how pieces move. What it leaves to others is here: rows and columns, the notation of a move,
//! repetition, and too little material.

use std::fmt;

use cozy_chess::util::{display_san_move, parse_uci_move};
use cozy_chess::{BitBoard, Board, Color, File, GameStatus, Piece, Rank, Square};

/// A square: row 0 is White's back rank, column 0 the a-file.
#[systemge::payload]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The row, 0 to 7.
    pub row: u8,
    /// The column, 0 to 7.
    pub column: u8,
}

/// What a pawn becomes that reaches the last rank.
#[systemge::payload]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[serde(rename_all = "lowercase")]
pub enum Promotion {
    /// A queen, unless something else is said.
    #[default]
    Queen,
    /// A rook.
    Rook,
    /// A bishop.
    Bishop,
    /// A knight.
    Knight,
}

/// One of the two who play.
#[systemge::payload]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Who begins.
    White,
    /// The other.
    Black,
}

/// How a game ended.
#[systemge::payload]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Who is to move is in check and has no move: the other one wins.
    Checkmate,
    /// Who is to move has no move and is not in check.
    Stalemate,
    /// The same position came for the third time.
    Repetition,
    /// Fifty moves of both without a capture and without a pawn's move.
    FiftyMoves,
    /// Neither side has the pieces to win.
    TooLittleMaterial,
}

/// Why a move can't be made; the position stays as it is.
#[systemge::payload]
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IllegalMove {
    /// A row or column is not on the board.
    #[error("rows and columns go from 0 to 7")]
    OffTheBoard,
    /// There is nothing to move.
    #[error("there is no piece on that square")]
    Empty,
    /// The piece is the opponent's.
    #[error("that piece is your opponent's")]
    NotYours,
    /// It is the opponent's turn.
    #[error("it is your opponent's turn")]
    NotYourTurn,
    /// The rules forbid it.
    #[error("the rules don't allow that move")]
    Rules,
    /// The game is over.
    #[error("the game is over")]
    Over,
}

/// A game as far as it has been played.
#[derive(Debug, Clone)]
pub struct Position {
    board: Board,
    /// The positions since the last capture or pawn's move, which are all that can come again.
    past: Vec<Board>,
    ending: Option<Ending>,
}

impl Default for Position {
    fn default() -> Self {
        Self::from(Board::startpos())
    }
}

impl From<Board> for Position {
    fn from(board: Board) -> Self {
        let mut position = Self { board, past: Vec::new(), ending: None };
        position.ending = position.find_ending();
        position
    }
}

impl Side {
    /// The other one.
    #[must_use]
    pub const fn opponent(self) -> Self {
        match self {
            Self::White => Self::Black,
            Self::Black => Self::White,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::White => "White",
            Self::Black => "Black",
        }
    }

    const fn color(self) -> Color {
        match self {
            Self::White => Color::White,
            Self::Black => Color::Black,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Position {
    /// Whose turn it is.
    #[must_use]
    pub fn turn(&self) -> Side {
        match self.board.side_to_move() {
            Color::White => Side::White,
            Color::Black => Side::Black,
        }
    }

    /// The board in 64 characters, row by row from White's back rank: `RNBQKBNR` and so on, lower case for Black, `.`
    /// for an empty square.
    #[must_use]
    pub fn squares(&self) -> String {
        Rank::ALL
            .iter()
            .flat_map(|rank| File::ALL.iter().map(|file| Square::new(*file, *rank)))
            .map(|square| {
                let (Some(piece), Some(color)) = (self.board.piece_on(square), self.board.color_on(square))
                else {
                    return '.';
                };
                let letter = char::from(piece);
                if color == Color::White { letter.to_ascii_uppercase() } else { letter }
            })
            .collect()
    }

    /// Makes a move; returns it in standard algebraic notation.
    ///
    /// # Errors
    ///
    /// If it is not legal; nothing has changed then.
    pub fn play(
        &mut self,
        side: Side,
        from: Place,
        to: Place,
        promotion: Promotion,
    ) -> Result<String, IllegalMove> {
        let (from, to) = (square(from)?, square(to)?);
        if self.ending.is_some() {
            return Err(IllegalMove::Over);
        }
        match self.board.color_on(from) {
            None => return Err(IllegalMove::Empty),
            Some(color) if color != side.color() => return Err(IllegalMove::NotYours),
            Some(_) if self.turn() != side => return Err(IllegalMove::NotYourTurn),
            Some(_) => {}
        }
        let is_promotion = self.board.piece_on(from) == Some(Piece::Pawn)
            && to.rank() == Rank::Eighth.relative_to(side.color());
        let suffix = if is_promotion { promotion.letter() } else { "" };
        // read as text, in which a king castles by going two squares
        let mv =
            parse_uci_move(&self.board, &format!("{from}{to}{suffix}")).map_err(|_| IllegalMove::Rules)?;
        if !self.board.is_legal(mv) || self.is_onto_own_rook(from, to) {
            return Err(IllegalMove::Rules);
        }
        let notation = display_san_move(&self.board, mv).to_string();
        let before = self.board.clone();
        self.board.play(mv);
        if self.board.halfmove_clock() == 0 {
            self.past.clear();
        } else {
            self.past.push(before);
        }
        self.ending = self.find_ending();
        Ok(notation)
    }

    /// How the game ended, if it is over.
    #[must_use]
    pub const fn ending(&self) -> Option<Ending> {
        self.ending
    }

    fn find_ending(&self) -> Option<Ending> {
        match self.board.status() {
            GameStatus::Won => return Some(Ending::Checkmate),
            GameStatus::Drawn
                if self.board.halfmove_clock() >= 100 && self.board.generate_moves(|_| true) =>
            {
                return Some(Ending::FiftyMoves);
            }
            GameStatus::Drawn => return Some(Ending::Stalemate),
            GameStatus::Ongoing => {}
        }
        if self.past.iter().filter(|past| past.same_position(&self.board)).count() >= 2 {
            return Some(Ending::Repetition);
        }
        self.has_too_little_material().then_some(Ending::TooLittleMaterial)
    }

    /// The library says "castle" by a king that takes its own rook; people don't.
    fn is_onto_own_rook(&self, from: Square, to: Square) -> bool {
        self.board.color_on(from) == self.board.color_on(to)
    }

    /// Kings alone, with one knight or bishop, or with bishops that all go over squares of one colour: article 5.2.2 of
    /// the laws of chess, as far as it can be seen from the pieces.
    fn has_too_little_material(&self) -> bool {
        let pieces = |piece| self.board.pieces(piece);
        if !(pieces(Piece::Pawn) | pieces(Piece::Rook) | pieces(Piece::Queen)).is_empty() {
            return false;
        }
        let (knights, bishops) = (pieces(Piece::Knight), pieces(Piece::Bishop));
        if knights.is_empty() {
            return (bishops & BitBoard::DARK_SQUARES).is_empty()
                || (bishops & BitBoard::LIGHT_SQUARES).is_empty();
        }
        bishops.is_empty() && knights.len() == 1
    }
}

impl Promotion {
    const fn letter(self) -> &'static str {
        match self {
            Self::Queen => "q",
            Self::Rook => "r",
            Self::Bishop => "b",
            Self::Knight => "n",
        }
    }
}

fn square(place: Place) -> Result<Square, IllegalMove> {
    let file = File::try_index(place.column.into()).ok_or(IllegalMove::OffTheBoard)?;
    let rank = Rank::try_index(place.row.into()).ok_or(IllegalMove::OffTheBoard)?;
    Ok(Square::new(file, rank))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Place {
        let [column, row] = text.as_bytes() else { panic!("{text} is no square") };
        Place { row: row - b'1', column: column - b'a' }
    }

    /// Plays `e2e4` or `e7e8n`, by whoever's turn it is.
    fn play(position: &mut Position, mv: &str) -> Result<String, IllegalMove> {
        let promotion = match &mv[4..] {
            "r" => Promotion::Rook,
            "b" => Promotion::Bishop,
            "n" => Promotion::Knight,
            _ => Promotion::Queen,
        };
        position.play(position.turn(), place(&mv[..2]), place(&mv[2..4]), promotion)
    }

    /// Plays moves from a position and returns their notation.
    fn notations(fen: &str, moves: &str) -> (Position, String) {
        let board = if fen.is_empty() { Board::startpos() } else { fen.parse().expect("a position") };
        let mut position = Position::from(board);
        let played: Vec<_> = moves
            .split_whitespace()
            .map(|mv| play(&mut position, mv).unwrap_or_else(|error| panic!("{mv}: {error}")))
            .collect();
        (position, played.join(" "))
    }

    /// How many ways there are to make so many moves, all of them made through `play`.
    fn perft(position: &Position, depth: u32) -> u64 {
        if depth == 0 {
            return 1;
        }
        let place = |square: Square| Place { row: square.rank() as u8, column: square.file() as u8 };
        let mut ways = 0;
        // a move that is refused leaves it as it is, so that one serves for many
        let mut next = position.clone();
        for from in position.board.colors(position.board.side_to_move()) {
            for to in Square::ALL {
                let is_pawn = position.board.piece_on(from) == Some(Piece::Pawn);
                let promotes = is_pawn && matches!(to.rank(), Rank::First | Rank::Eighth);
                let pieces: &[Promotion] = if promotes {
                    &[Promotion::Queen, Promotion::Rook, Promotion::Bishop, Promotion::Knight]
                } else {
                    &[Promotion::Queen]
                };
                for piece in pieces {
                    if next.play(position.turn(), place(from), place(to), *piece).is_ok() {
                        ways += perft(&next, depth - 1);
                        next = position.clone();
                    }
                }
            }
        }
        ways
    }

    /// The known numbers of these positions: <https://www.chessprogramming.org/Perft_Results>.
    #[test]
    fn every_legal_move_can_be_made_and_no_other() {
        let check = |fen: &str, expected: &[u64]| {
            let (position, _) = notations(fen, "");
            for (depth, expected) in (1..).zip(expected) {
                assert_eq!(perft(&position, depth), *expected, "{fen} to depth {depth}");
            }
        };
        check("", &[20, 400, 8902, 197_281]);
        check("r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1", &[48, 2039]);
        check("8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1", &[14, 191, 2812]);
        check("r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq - 0 1", &[6, 264]);
        check("rnbq1k1r/pp1Pbppp/2p5/8/2B5/8/PPP1NnPP/RNBQK2R w KQ - 1 8", &[44, 1486]);
    }

    #[test]
    fn the_board_is_told_in_64_characters() {
        let (position, notation) = notations("", "e2e4 c7c5 g1f3");
        assert_eq!(notation, "e4 c5 Nf3");
        assert_eq!(position.squares(), "RNBQKB.RPPPP.PPP.....N......P.....p.............pp.ppppprnbqkbnr");
    }

    #[test]
    fn special_moves_are_made_and_written_as_people_do() {
        let check = |fen: &str, moves: &str, notation: &str, squares: &str| {
            let (position, played) = notations(fen, moves);
            assert_eq!(played, notation, "{moves}");
            assert!(position.squares().starts_with(squares), "{moves}: {}", position.squares());
        };
        check("4k3/8/8/8/8/8/8/R3K2R w KQ - 0 1", "e1g1", "O-O", "R....RK.");
        check("4k3/8/8/8/8/8/8/R3K2R w KQ - 0 1", "e1c1", "O-O-O", "..KR...R");
        check("", "e2e4 a7a6 e4e5 d7d5 e5d6", "e4 a6 e5 d5 exd6", "RNBQKBNRPPPP.PPP................");
        check("8/P6k/8/8/8/8/8/7K w - - 0 1", "a7a8", "a8=Q", ".......K");
        check("8/P6k/8/8/8/8/8/7K w - - 0 1", "a7a8n", "a8=N", ".......K");
        check("4k3/8/8/8/8/8/4K3/R6R w - - 0 1", "a1d1", "Rad1", "...R...R");
        check("", "f2f3 e7e5 g2g4 d8h4", "f3 e5 g4 Qh4#", "RNBQKBNR");
    }

    #[test]
    fn what_is_not_legal_says_why_and_changes_nothing() {
        let check = |fen: &str, side: Side, from: &str, to: &str, expected: IllegalMove| {
            let (mut position, _) = notations(fen, "");
            let before = position.squares();
            let refused = position.play(side, place(from), place(to), Promotion::Queen);
            assert_eq!(refused, Err(expected), "{from}{to}");
            assert_eq!(position.squares(), before);
        };
        check("", Side::White, "e2", "e5", IllegalMove::Rules);
        check("", Side::White, "e4", "e5", IllegalMove::Empty);
        check("", Side::White, "e7", "e5", IllegalMove::NotYours);
        check("", Side::Black, "e7", "e5", IllegalMove::NotYourTurn);
        check("", Side::White, "e1", "h1", IllegalMove::Rules);
        check("4k3/8/8/8/8/8/8/R3K2R w KQ - 0 1", Side::White, "e1", "h1", IllegalMove::Rules);
        // through check, out of check, and after the king has moved
        check("4kr2/8/8/8/8/8/8/R3K2R w KQ - 0 1", Side::White, "e1", "g1", IllegalMove::Rules);
        check("4r1k1/8/8/8/8/8/8/R3K2R w KQ - 0 1", Side::White, "e1", "g1", IllegalMove::Rules);
        check("4k3/8/8/8/8/8/8/R3K2R w - - 0 1", Side::White, "e1", "g1", IllegalMove::Rules);
        // a pinned piece
        check("4r1k1/8/8/8/8/8/4N3/4K3 w - - 0 1", Side::White, "e2", "c3", IllegalMove::Rules);
        let mut position = Position::default();
        let off = Place { row: 8, column: 0 };
        assert_eq!(position.play(Side::White, off, off, Promotion::Queen), Err(IllegalMove::OffTheBoard));
    }

    #[test]
    fn a_game_ends_as_the_laws_say() {
        let check = |fen: &str, moves: &str, expected: Option<Ending>| {
            let (mut position, _) = notations(fen, moves);
            assert_eq!(position.ending(), expected, "{fen} {moves}");
            if expected.is_some() {
                assert_eq!(play(&mut position, "a2a3"), Err(IllegalMove::Over));
            }
        };
        check("", "e2e4", None);
        check("", "f2f3 e7e5 g2g4 d8h4", Some(Ending::Checkmate));
        check("7k/8/5KQ1/8/8/8/P7/8 w - - 0 1", "g6f7", Some(Ending::Stalemate));
        check("", "g1f3 g8f6 f3g1 f6g8", None);
        check("", "g1f3 g8f6 f3g1 f6g8 g1f3 g8f6 f3g1 f6g8", Some(Ending::Repetition));
        check("7k/8/8/8/8/8/P7/K5R1 w - - 98 80", "g1f1 h8h7", Some(Ending::FiftyMoves));
        check("7k/8/8/8/8/8/P7/K5R1 w - - 98 80", "g1f1", None);
        // mate with the hundredth move is mate
        check("7k/8/6K1/8/8/8/P7/R7 w - - 99 80", "a1b1", Some(Ending::FiftyMoves));
        check("7k/8/6K1/8/8/8/P7/1R6 w - - 99 80", "b1b8", Some(Ending::Checkmate));
        check("7k/8/8/8/8/8/8/K6r w - - 0 1", "a1a2", None);
        check("8/8/8/8/8/7k/7p/K5B1 w - - 0 1", "g1h2", Some(Ending::TooLittleMaterial));
        check("7k/8/8/8/8/8/6p1/K5N1 w - - 0 1", "a1b1 h8h7", None);
        check("5b1k/8/8/8/8/8/8/K1B5 w - - 0 1", "", Some(Ending::TooLittleMaterial));
        check("2b4k/8/8/8/8/8/8/K1B5 w - - 0 1", "", None);
    }
}
