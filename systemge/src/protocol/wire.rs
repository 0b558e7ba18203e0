//! Reading numbers and names from bytes that nobody vouches for.

use super::frame::Violation;

/// Takes values from the front of a slice; every read is checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    #[inline]
    pub(super) fn take<const N: usize>(&mut self) -> Result<[u8; N], Violation> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or(Violation::Truncated)?;
        self.0 = rest;
        Ok(*head)
    }

    #[inline]
    pub(super) fn u8(&mut self) -> Result<u8, Violation> {
        self.take::<1>().map(|[byte]| byte)
    }

    #[inline]
    pub(super) fn u16(&mut self) -> Result<u16, Violation> {
        self.take().map(u16::from_le_bytes)
    }

    #[inline]
    pub(super) fn u32(&mut self) -> Result<u32, Violation> {
        self.take().map(u32::from_le_bytes)
    }

    #[inline]
    pub(super) fn u64(&mut self) -> Result<u64, Violation> {
        self.take().map(u64::from_le_bytes)
    }

    pub(super) fn u128(&mut self) -> Result<u128, Violation> {
        self.take().map(u128::from_le_bytes)
    }

    fn bytes(&mut self, length: usize) -> Result<&'a [u8], Violation> {
        let (head, rest) = self.0.split_at_checked(length).ok_or(Violation::Truncated)?;
        self.0 = rest;
        Ok(head)
    }

    /// A text with its length in one byte.
    pub(super) fn short_text(&mut self) -> Result<&'a str, Violation> {
        let length = self.u8()?;
        std::str::from_utf8(self.bytes(length.into())?).map_err(|_| Violation::NotUtf8)
    }

    /// A text with its length in two bytes.
    pub(super) fn text(&mut self) -> Result<&'a str, Violation> {
        let length = self.u16()?;
        std::str::from_utf8(self.bytes(length.into())?).map_err(|_| Violation::NotUtf8)
    }

    /// All that is left.
    #[inline]
    pub(super) const fn rest(self) -> &'a [u8] {
        self.0
    }

    /// Refuses what is left over.
    pub(super) const fn end(self) -> Result<(), Violation> {
        if self.0.is_empty() { Ok(()) } else { Err(Violation::Trailing) }
    }
}

/// Writes a text with its length in one byte, cut at a character boundary if it is longer than that.
pub(super) fn put_short_text(out: &mut Vec<u8>, text: &str) {
    let text = cut(text, usize::from(u8::MAX));
    out.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(text.as_bytes());
}

/// Writes a text with its length in two bytes, cut to [`super::MAX_TEXT`].
pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    let text = cut(text, super::MAX_TEXT);
    out.extend_from_slice(&u16::try_from(text.len()).unwrap_or(u16::MAX).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// The longest start of a text that has at most `limit` bytes and ends between characters.
pub(super) fn cut(text: &str, limit: usize) -> &str {
    let mut end = text.len().min(limit);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
