#[derive(systemge::Application)]
struct Gateway;

#[systemge::http]
impl Gateway {
    #[get("/picture", body = "1KiB")]
    async fn picture(&self) {}
}

fn main() {}
