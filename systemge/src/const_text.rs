//! Text while a program is compiled: comparing names, and messages that are made of several parts.

/// Whether two texts are the same.
pub(crate) const fn equal(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut index = 0;
    while index < one.len() {
        if one[index] != other[index] {
            return false;
        }
        index += 1;
    }
    true
}

/// The name of the crate at the head of a module's path, and the rest, which is empty for the crate itself.
pub(crate) const fn split_path(module: &str) -> (&str, &str) {
    let bytes = module.as_bytes();
    let mut index = 0;
    while index < bytes.len() && bytes[index] != b':' {
        index += 1;
    }
    module.split_at(index)
}

/// The last part of a file's path.
pub(crate) const fn file_name(path: &str) -> &str {
    let bytes = path.as_bytes();
    let mut index = bytes.len();
    while index > 0 && !matches!(bytes[index - 1], b'/' | b'\\') {
        index -= 1;
    }
    path.split_at(index).1
}

/// The first text that is in both lists.
pub(crate) const fn common(one: &[&'static str], other: &[&'static str]) -> Option<&'static str> {
    let mut index = 0;
    while index < one.len() {
        let mut place = 0;
        while place < other.len() {
            if equal(one[index], other[place]) {
                return Some(one[index]);
            }
            place += 1;
        }
        index += 1;
    }
    None
}

/// A message that the compiler shows.
#[derive(Clone, Copy)]
pub(crate) struct Message {
    bytes: [u8; 1024],
    length: usize,
}

impl Message {
    pub(crate) const fn new(text: &str) -> Self {
        Self { bytes: [0; 1024], length: 0 }.with(text)
    }

    /// The message with more text behind it; what doesn't fit is left out.
    pub(crate) const fn with(mut self, text: &str) -> Self {
        let text = text.as_bytes();
        let mut index = 0;
        while index < text.len() && self.length < self.bytes.len() {
            self.bytes[self.length] = text[index];
            self.length += 1;
            index += 1;
        }
        self
    }

    /// Ends the compilation with the message.
    ///
    /// # Panics
    ///
    /// Always: that is what it is for.
    pub(crate) const fn panic(&self) -> ! {
        let (text, _) = self.bytes.split_at(self.length);
        match core::str::from_utf8(text) {
            Ok(text) => panic!("{}", text),
            Err(_) => panic!("a name of a contract is too long to be shown"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "no handler for `play`")]
    fn a_message_is_its_parts() {
        Message::new("no handler for `").with("play").with("`").panic();
    }

    #[test]
    fn a_path_is_a_crate_and_what_is_in_it() {
        assert_eq!(split_path("shop"), ("shop", ""));
        assert_eq!(file_name("/home/shop/src/main.rs"), "main.rs");
        assert_eq!(file_name("src\\main.rs"), "main.rs");
        assert_eq!(file_name("main.rs"), "main.rs");
        assert_eq!(split_path("shop::cart::lines"), ("shop", "::cart::lines"));
        assert_eq!(split_path(""), ("", ""));
    }

    #[test]
    fn texts_are_compared_byte_by_byte() {
        assert!(equal("", "") && equal("move", "move"));
        assert!(!equal("move", "mov") && !equal("move", "Move"));
    }
}
