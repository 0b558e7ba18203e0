mod old {
    #[systemge::contract]
    pub trait Lobby {
        #[topic("open")]
        async fn open(&self) -> Vec<String>;
    }
}

#[systemge::contract]
pub trait Lobby {
    #[topic("open")]
    async fn open(&self) -> Vec<u8>;
}

#[derive(systemge::Application)]
#[application(handles(Lobby))]
struct Hall;

#[systemge::node]
impl Lobby for Hall {
    async fn open(&self) -> Vec<u8> {
        Vec::new()
    }
}

#[derive(systemge::Application)]
#[application(handles(old::Lobby))]
struct OldHall;

#[systemge::node]
impl old::Lobby for OldHall {
    async fn open(&self) -> Vec<String> {
        Vec::new()
    }
}

systemge::system! {
    pub CHESS = [Hall, OldHall];
}

fn main() {}
