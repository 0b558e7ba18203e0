#[systemge::payload]
struct Tree {
    children: Vec<Tree>,
}

fn main() {}
