//! Programs that must compile.
#![allow(dead_code, reason = "the programs are compiled, not run")]

#[path = "pass/life.rs"]
mod life;
