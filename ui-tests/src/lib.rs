//! Only the tests of this crate are of interest: `tests/fail` and `tests/pass`.
