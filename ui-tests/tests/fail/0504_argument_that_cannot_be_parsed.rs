#[derive(systemge::Application)]
struct Life;

struct Square;

#[systemge::commands]
impl Life {
    #[command("move")]
    fn play(&self, square: Square) {
        let _ = square;
    }
}

fn main() {}
