//! What the macros of systemge generate, as an ordinary library.
