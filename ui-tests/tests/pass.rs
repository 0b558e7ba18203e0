//! Programs that must compile; they are modules of this test, so that they cost no build of their own.
#![allow(dead_code, reason = "the programs are compiled, not run")]

#[path = "pass/aliased.rs"]
mod aliased;
#[path = "pass/conditional.rs"]
mod conditional;
#[path = "pass/contracts.rs"]
mod contracts;
#[path = "pass/elsewhere.rs"]
mod elsewhere;
#[path = "pass/gateway.rs"]
mod gateway;
#[path = "pass/hygiene.rs"]
mod hygiene;
#[path = "pass/life.rs"]
mod life;
#[path = "pass/payloads.rs"]
mod payloads;
#[path = "pass/produced.rs"]
mod produced;
#[path = "pass/pushes.rs"]
mod pushes;
#[path = "pass/shapes.rs"]
mod shapes;
#[path = "pass/silent.rs"]
mod silent;
#[path = "pass/stacked.rs"]
mod stacked;
