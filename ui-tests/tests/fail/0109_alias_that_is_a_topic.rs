#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("getGrid", alias = "grid")]
    async fn get_grid(&self) -> String {
        String::new()
    }

    #[topic("grid")]
    async fn grid(&self) -> String {
        String::new()
    }
}

fn main() {}
