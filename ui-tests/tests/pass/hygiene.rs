//! Nothing of the prelude, and local types with the names that generated code could stumble over.
#![no_implicit_prelude]

type Text = ::std::string::String;

struct String;
struct Vec;
struct Option;
struct Result;
struct Box;
struct Some;
struct None;
struct Ok;
struct Err;
trait Send {}
trait Sync {}
trait Into {}
trait Clone {}
trait Fn {}
mod core {}
mod std {}
mod serde {}

/// A payload of the same name as the context.
#[::systemge::payload]
struct Context {
    text: Text,
    more: ::std::option::Option<u8>,
}

#[::systemge::payload]
enum Choice {
    Unit,
    Newtype(u8),
    Tuple(u8, Text),
    Struct { r#type: u8 },
}

const FIFTH: &str = "fifth";

#[derive(::systemge::Application)]
struct Node {
    value: u8,
}

#[::systemge::node]
impl Node {
    #[topic("one")]
    async fn one(&self, state: Context, context: u8) -> Choice {
        let _ = (state, context, self.value);
        Choice::Unit
    }

    #[topic("two")]
    async fn two(&mut self, invocation: u8, application: u8, ctx: &::systemge::Context) {
        let _ = (invocation, application, ctx);
    }

    #[topic("three", request)]
    fn r#match(&self, r#type: u8) {
        let _ = r#type;
    }

    #[topic("four", blocking, alias = "fourth", alias = FIFTH)]
    fn four(&mut self, table: u8, options: Context) -> ::std::result::Result<u8, Text> {
        let _ = (table, options);
        ::std::result::Result::Ok(self.value)
    }

    #[topic("six", timeout = "1s", spawn)]
    async fn six(&self, run: u8) -> ::std::option::Option<u8> {
        ::std::option::Option::Some(run)
    }

    #[on_start]
    fn start(&self) -> ::std::result::Result<(), Text> {
        ::std::result::Result::Ok(())
    }
}

#[::systemge::commands]
impl Node {
    #[command("go")]
    fn go(&self, arguments: ::std::option::Option<u8>, reply: ::std::vec::Vec<u8>) -> Text {
        let _ = (arguments, reply);
        Text::new()
    }
}

#[::systemge::http]
impl Node {
    #[get("/{segment}")]
    fn page(&self, segment: u8, request: &::systemge::Context) -> Text {
        let _ = (segment, request);
        Text::new()
    }
}

#[::systemge::websocket]
impl Node {
    #[on_connect]
    async fn joined(&self, client: &::systemge::websocket::WsClient) {
        let _ = client;
    }

    #[topic("seven")]
    fn seven(&mut self, payload: u8) {
        self.value = payload;
    }
}

fn call(ctx: &::systemge::Context) {
    let client = NodeClient::new(ctx);
    let _ = client.r#match(1);
    let _ = client.two(1, 2);
}
