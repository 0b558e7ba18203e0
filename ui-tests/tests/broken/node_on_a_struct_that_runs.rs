use systemge::prelude::*;

#[systemge::node]
#[derive(Default)]
struct Life;

fn run() {
    let _ = System::new().node("life", Life);
}

fn main() {
    run();
}
