#[derive(systemge::Application, Default)]
struct Life;

systemge::system! {
    pub ALL = Life;
}

fn main() {}
