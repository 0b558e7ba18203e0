#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("move")]
    async fn play(&self) {
        let shared = std::rc::Rc::new(1);
        std::future::ready(()).await;
        drop(shared);
    }
}

fn main() {}
