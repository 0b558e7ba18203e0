#[derive(systemge::Application)]
struct Gateway;

#[systemge::http(filter = "more")]
impl Gateway {
    #[get("/picture")]
    async fn picture(&self) {}
}

fn main() {}
