#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("grid")]
    async fn grid(&self) -> Result<u8, std::io::Error> {
        Ok(1)
    }
}

fn main() {}
