#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("move", oneway)]
    async fn play(&self) -> Result<u8, String> {
        Ok(1)
    }
}

fn main() {}
