#[derive(systemge::Application)]
struct Gateway;

#[systemge::http]
impl Gateway {
    #[get("/picture", rate = "100")]
    async fn picture(&self) {}
}

fn main() {}
