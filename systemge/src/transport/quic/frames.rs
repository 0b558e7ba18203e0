//! Where one frame ends and the next begins: as much of the protocol as large frames need to travel on their own.

use crate::protocol::MAGIC;
use crate::protocol::frame::{GOODBYE, LENGTH, REQUEST, RESPONSE};

/// From which length on a frame travels on a stream of its own, in bytes.
pub(super) const LARGE: usize = 64 * 1024;

/// How many bytes a reference takes.
pub(super) const REFERENCE: usize = LENGTH + 8;

/// What stands in the place of the frame on that stream: a length that no frame has, and the number of the stream.
pub(super) fn reference(stream: u64) -> [u8; REFERENCE] {
    let mut bytes = [0xff; REFERENCE];
    bytes[LENGTH..].copy_from_slice(&stream.to_le_bytes());
    bytes
}

/// What stands where a frame begins.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// A frame of so many bytes in all.
    Frame { bytes: usize, kind: u8 },
    /// The frame of that stream.
    Elsewhere(u64),
    /// Not yet to be seen.
    Incomplete,
}

impl Head {
    /// Looks at where a frame begins.
    pub(super) fn of(bytes: &[u8]) -> Self {
        match bytes {
            [0xff, 0xff, 0xff, 0xff, rest @ ..] => match rest.first_chunk() {
                Some(stream) => Self::Elsewhere(u64::from_le_bytes(*stream)),
                None => Self::Incomplete,
            },
            [a, b, c, d, kind, ..] => {
                let length = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
                Self::Frame { bytes: LENGTH.saturating_add(length), kind: *kind }
            }
            _ => Self::Incomplete,
        }
    }

    /// Whether nothing may be overtaken by it: the last frame of a side.
    pub(super) const fn is_last(&self) -> bool {
        matches!(self, Self::Frame { kind: GOODBYE, .. })
    }

    /// Whether it travels on its own: large, and bound to no order. One-way messages are: what was sent after one must
    /// not overtake it.
    const fn travels_alone(&self) -> bool {
        matches!(self, Self::Frame { bytes, kind: REQUEST | RESPONSE } if *bytes > LARGE)
    }
}

/// Follows a sequence of frames, however it is cut.
#[derive(Debug)]
pub(super) struct Position {
    /// How many bytes of the current frame are still to come; 0 where one begins.
    pub(super) left: usize,
}

impl Position {
    /// The beginning, where the magic is.
    pub(super) const fn start() -> Self {
        Self { left: MAGIC.len() }
    }

    /// Goes on over whole heads, as far as `pass` lets it; returns how far that is.
    pub(super) fn advance(&mut self, bytes: &[u8], pass: impl Fn(&Head) -> bool) -> usize {
        let mut at = 0;
        loop {
            let step = self.left.min(bytes.len() - at);
            at += step;
            self.left -= step;
            if at == bytes.len() {
                return at;
            }
            match Head::of(&bytes[at..]) {
                head @ Head::Frame { bytes, .. } if pass(&head) => self.left = bytes,
                _ => return at,
            }
        }
    }
}

/// How many bytes go on the stream of small frames before the first one that travels on its own; and how many that one has,
/// if it begins here and is all there.
pub(super) fn split(position: &Position, bytes: &[u8]) -> (usize, Option<usize>) {
    let mut ahead = Position { left: position.left };
    let at = ahead.advance(bytes, |head| !head.travels_alone());
    match Head::of(&bytes[at..]) {
        head @ Head::Frame { bytes: length, .. }
            if at == 0 && head.travels_alone() && length <= bytes.len() =>
        {
            (0, Some(length))
        }
        _ => (at, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::frame::MESSAGE;

    fn frame(kind: u8, length: usize) -> Vec<u8> {
        let mut bytes = u32::try_from(length).expect("short").to_le_bytes().to_vec();
        bytes.push(kind);
        bytes.resize(LENGTH + length, 7);
        bytes
    }

    #[test]
    fn large_requests_and_responses_travel_alone_and_nothing_else_does() {
        let large = LARGE + 1;
        for (frame, alone) in [
            (frame(REQUEST, 100), false),
            (frame(REQUEST, large), true),
            (frame(RESPONSE, large), true),
            (frame(MESSAGE, large), false),
            (frame(GOODBYE, 20), false),
        ] {
            let (position, length) = (Position { left: 0 }, frame.len());
            let expected = if alone { (0, Some(length)) } else { (length, None) };
            assert_eq!(split(&position, &frame), expected, "{:?}", Head::of(&frame));
        }
    }

    #[test]
    fn small_frames_go_in_one_piece_up_to_a_large_one() {
        let small = [MAGIC.to_vec(), frame(1, 30), frame(REQUEST, 10)].concat();
        let large = frame(REQUEST, LARGE + 1);
        let all = [&small[..], &large, &frame(6, 8)].concat();
        let mut position = Position::start();
        assert_eq!(split(&position, &all), (small.len(), None));
        // however it is cut
        for cut in 0..small.len() {
            let mut position = Position::start();
            let first = position.advance(&all[..cut], |_| true);
            // a head that is cut is left for the next time
            let second = position.advance(&all[first..small.len()], |_| true);
            assert_eq!((first + second, position.left), (small.len(), 0), "cut at {cut}");
        }
        position.advance(&small, |_| true);
        assert_eq!(split(&position, &all[small.len()..]), (0, Some(large.len())));
        // without its end it goes with the others
        assert_eq!(split(&position, &large[..large.len() - 1]), (0, None));
    }

    #[test]
    fn a_reference_is_told_from_every_frame() {
        let reference = reference(7);
        assert_eq!(Head::of(&reference), Head::Elsewhere(7));
        assert_eq!(Head::of(&reference[..REFERENCE - 1]), Head::Incomplete);
        assert_eq!(Head::of(&frame(6, 8)), Head::Frame { bytes: 12, kind: 6 });
    }
}
