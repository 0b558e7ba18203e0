#[systemge::contract]
pub trait Game {}

fn main() {}
