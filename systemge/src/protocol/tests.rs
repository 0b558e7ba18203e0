//! Placeholder of the protocol's tests.
