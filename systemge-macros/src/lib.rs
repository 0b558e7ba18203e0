//! The procedural macros of systemge.
