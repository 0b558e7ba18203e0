#[derive(systemge::Application)]
struct Life;

#[systemge::http]
impl Life {
    #[get("/cell/{row}")]
    async fn cell(&self) {}
}

fn main() {}
