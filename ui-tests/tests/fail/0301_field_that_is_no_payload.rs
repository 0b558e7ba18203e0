struct Square {
    row: u8,
}

#[systemge::payload]
struct Move {
    from: Square,
}

fn main() {
    let _ = Move { from: Square { row: 1 } }.from.row;
}
