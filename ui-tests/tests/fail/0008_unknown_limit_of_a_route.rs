#[derive(systemge::Application)]
struct Gateway;

#[systemge::http]
impl Gateway {
    #[get("/picture", timout = "5s")]
    async fn picture(&self) {}
}

fn main() {}
