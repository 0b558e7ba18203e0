#[derive(systemge::Application)]
struct Gateway;

#[systemge::websocket]
impl Gateway {
    #[push("clients")]
    fn clients(count: usize);
}

fn main() {}
