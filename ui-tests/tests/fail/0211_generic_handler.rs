#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("move")]
    async fn play<T: Into<u8>>(&self, square: Vec<T>) {
        let _ = square;
    }
}

fn main() {}
