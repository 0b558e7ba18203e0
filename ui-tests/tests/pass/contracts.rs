//! Contracts: of another crate and of this one, several on one application, generic applications, `macro_rules!`.

use contract::{Game, GameClient, Move};
use systemge::Context;

/// Without `use` of anything but the trait, the constant and the macro are there, too.
const TOPICS: usize = Game.topics().len();

#[derive(systemge::Application)]
#[application(handles(Game, private::Secret, Written), calls(Game))]
struct Everything {
    count: u32,
}

#[systemge::node]
impl Game for Everything {
    async fn play(&mut self, mut mv: Move, ctx: &Context<Self>) -> Result<u32, String> {
        mv.from += 1;
        let _ = (GameClient::new(ctx).resign(), mv);
        self.resign().await;
        Ok(self.count)
    }

    async fn resign(&self) {}

    #[cfg(test)]
    #[expect(clippy::needless_arbitrary_self_type, reason = "a way to write it")]
    fn always(self: &Self, _ctx: &Context) -> Result<(), std::fmt::Error> {
        Ok(())
    }

    #[cfg(not(test))]
    fn always(&self, missing: Missing) {}

    #[topic(spawn)]
    fn old(&self) -> u8 {
        Self::OLD
    }

    #[on_start]
    async fn start(&mut self, _ctx: &Context<Self>) -> systemge::Result<()> {
        Ok(())
    }

    #[on_stop]
    fn stop(&self) {}
}

impl Everything {
    const OLD: u8 = 1;

    /// A method of the application itself of the same name as a topic.
    fn play(&self) {}
}

mod private {
    #[systemge::payload]
    pub(super) struct Value(u8);

    const NAME: &str = "secret/name";

    /// A contract that only this crate sees, with a name that is a constant of a private module.
    #[systemge::contract]
    pub(super) trait Secret {
        #[topic(NAME)]
        async fn play(&self, r#type: Value) -> Option<Value>;
    }
}

#[systemge::node]
impl private::Secret for Everything {
    async fn play(&self, value: private::Value) -> Option<private::Value> {
        Self::play(self);
        Some(value)
    }
}

macro_rules! written {
    ($name:ident, $client:ident, $topic:literal, $payload:ty) => {
        #[systemge::contract]
        trait $name {
            #[topic($topic)]
            async fn put(&self, value: $payload) -> $payload;
        }

        #[systemge::node]
        impl $name for Everything {
            async fn put(&self, value: $payload) -> $payload {
                value
            }
        }

        fn put(ctx: &Context) {
            let _ = $client::new(ctx).put(<$payload>::default());
        }
    };
}

written!(Written, WrittenClient, "written", Vec<String>);

/// The same contract on two applications of one module, one of them generic.
#[derive(systemge::Application)]
#[application(handles(Written))]
struct Store<T: Clone + Sync, const N: usize>
where
    [T; N]: Sized,
{
    value: T,
}

#[systemge::node]
impl<T: Clone + Sync + Send + 'static, const N: usize> Written for Store<T, N>
where
    [T; N]: Sized,
{
    async fn put(&mut self, value: Vec<String>, ctx: &Context<Self>) -> Vec<String> {
        let _ = (self.value.clone(), ctx);
        value
    }
}

fn call(ctx: &Context) {
    let client = GameClient::new(ctx);
    let _ = client.play(Move { from: 1, to: 2 });
    let _ = client.always();
}

fn node(node: &systemge::Node) -> impl Send {
    GameClient::new(node)
}

mod plain {
    //! Nothing of the prelude, and names that generated code could stumble over.
    #![no_implicit_prelude]

    struct String;
    struct Option;
    struct Result;
    struct Ok;
    trait Send {}
    trait Future {}
    trait Sized {}
    mod core {}
    mod std {}

    #[::systemge::contract]
    trait Plain {
        #[topic("plain/one")]
        async fn r#match(&self, topic: u8, client: ::std::string::String) -> u8;

        #[topic("plain/two", request)]
        fn two(&self);
    }

    #[derive(::systemge::Application)]
    #[application(handles(Plain))]
    struct Node {}

    #[::systemge::node]
    impl Plain for Node {
        async fn r#match(&self, state: u8, invocation: ::std::string::String) -> u8 {
            let _ = invocation;
            state
        }

        fn two(&mut self, context: &::systemge::Context<Self>) {
            let _ = context;
        }
    }
}

mod keyed {
    //! Instances, told apart by keys; a private contract on a generic application.

    use systemge::Context;

    #[systemge::contract(key(room: String, number: u16))]
    pub(super) trait Room {
        /// Says something.
        #[topic("room/{room}/{number}/say", alias = "{number}/{room}")]
        async fn say(&self, room: String) -> String;

        #[topic(super::SAY_SO)]
        async fn say_so(&self);
    }

    #[derive(systemge::Application)]
    #[application(handles(Room))]
    struct Hall<T: Send + Sync + 'static> {
        #[key]
        room: String,
        #[key]
        number: u16,
        _value: T,
    }

    #[systemge::node]
    impl<T: Send + Sync + 'static> Room for Hall<T> {
        async fn say(&self, room: String, ctx: &Context<Self>) -> String {
            let _ = (&self.room, self.number, ctx);
            room
        }

        fn say_so(&self) {}
    }

    fn call(ctx: &Context) {
        let client: KeyedRoomClient = RoomClient::new(ctx).any().room_number("blue", &7);
        let _ = client.to("hall").say(String::new());
    }
}

const SAY_SO: &str = "{room}/{number}/say-so";

/// Two blocks of one type, each with its client; the second is narrower.
#[derive(systemge::Application)]
pub(crate) struct Twice;

#[systemge::node]
impl Twice {
    #[topic("twice/one")]
    pub(crate) async fn one(&self) {}
}

#[systemge::node(client = TwiceAdmin)]
impl Twice {
    #[topic("twice/two")]
    async fn two(&mut self) {}

    #[on_start]
    fn start(&self) {}
}

fn twice(ctx: &Context) {
    let _ = (TwiceClient::new(ctx).one(), TwiceAdmin::new(ctx).two());
}
