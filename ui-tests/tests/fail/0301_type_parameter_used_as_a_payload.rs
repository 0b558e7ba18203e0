#[derive(systemge::Application)]
struct Store<T: Send + Sync + 'static> {
    last: Option<T>,
}

#[systemge::node]
impl<T: Send + Sync + 'static> Store<T> {
    #[topic("put")]
    async fn put(&mut self, value: T) {
        self.last = Some(value);
    }
}

fn main() {}
