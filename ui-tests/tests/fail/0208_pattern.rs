#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("move")]
    async fn play(&self, (row, column): (u8, u8)) {
        let _ = (row, column);
    }
}

fn main() {}
