#[derive(systemge::Application)]
struct Life;

#[systemge::http]
impl Life {
    #[get("api/grid")]
    async fn grid(&self) {}
}

fn main() {}
