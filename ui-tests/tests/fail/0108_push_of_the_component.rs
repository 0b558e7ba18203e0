#[derive(systemge::Application)]
struct Gateway;

#[systemge::websocket]
impl Gateway {
    #[push("error")]
    fn failed(text: &str);
}

fn main() {}
