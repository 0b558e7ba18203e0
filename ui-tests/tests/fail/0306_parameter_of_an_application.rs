#[derive(systemge::Application)]
struct Store<T> {
    last: Option<T>,
}

#[systemge::node]
impl<T> Store<T> {
    #[topic("clear")]
    async fn clear(&mut self) {
        self.last = None;
    }
}

fn main() {}
