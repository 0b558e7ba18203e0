#[derive(systemge::Application)]
struct Gateway;

#[systemge::websocket]
impl Gateway {
    #[push("words")]
    fn words(words: Vec<&str>);
}

fn main() {}
