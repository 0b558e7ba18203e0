//! The procedural macros of systemge; use them through the crate `systemge`, which exports them.
//!
//! Everything they do is in `systemge-codegen`. What they say when something is wrong is explained in
//! `docs/errors.md`, by the code at the head of the message.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use proc_macro::TokenStream;
use systemge_codegen::{CratePath, Expansion};

/// Makes a struct or an enum an application: the state of a node.
///
/// Its components are found by themselves: an `impl` block with [`macro@node`], [`macro@commands`], [`macro@http`] or
/// [`macro@websocket`] is enough.
///
/// ```
/// #[derive(systemge::Application, Default)]
/// struct Life {
///     grid: Vec<bool>,
/// }
/// ```
///
/// The type has to be `Send + Sync + 'static`; type parameters get these bounds by themselves. The bounds that the
/// blocks of a generic application need stand on the type, since a block with bounds of its own would apply to some
/// of its types only.
///
/// # Contracts
///
/// Contracts ([`macro@contract`]) are listed: `#[application(handles(Game), calls(Lobby, Clock))]`. Those in `handles` have a
/// `#[systemge::node] impl Game for App`, whose handlers would not be started otherwise, which is an error. Those in `calls`
/// are what the application depends on; a `&Context<Self>` makes clients of no other contracts. `#[key]` on a field says which
/// instance this is, for contracts with a key.
///
/// ```
/// # use systemge::prelude::*;
/// #[systemge::contract(key(room: String))]
/// pub trait Thermostat {
///     #[topic("thermostat/{room}/set")]
///     async fn set(&self, celsius: f64);
/// }
///
/// #[systemge::contract]
/// pub trait Archive {
///     #[topic("archive/keep")]
///     async fn keep(&self, room: String, celsius: f64);
/// }
///
/// #[derive(systemge::Application)]
/// #[application(handles(Thermostat), calls(Archive))]
/// struct Radiator {
///     #[key]
///     room: String,
///     celsius: f64,
/// }
///
/// #[systemge::node]
/// impl Thermostat for Radiator {
///     async fn set(&mut self, celsius: f64, ctx: &Context<Self>) {
///         self.celsius = celsius;
///         // to how many nodes it was handed is of no interest here
///         let _ = ArchiveClient::new(ctx).keep(self.room.clone(), celsius).await;
///     }
/// }
/// # fn main() {}
/// ```
///
/// `#[application(crate = path)]` says where systemge is, for macros that export it under another path.
#[proc_macro_derive(Application, attributes(application, key))]
pub fn application(item: TokenStream) -> TokenStream {
    run(|path| systemge_codegen::application(item.into(), path))
}

/// Makes a struct or an enum a payload: what travels between nodes.
///
/// Derives serde's `Serialize` and `Deserialize` and [`Schema`](macro@Schema), with the right paths, so that the
/// program needs no serde of its own. What the type derives by itself is left alone.
///
/// ```
/// use std::collections::HashMap;
/// use std::time::Duration;
///
/// #[systemge::payload]
/// #[derive(Clone, Debug)]
/// pub struct Move {
///     pub from: Square,
///     pub to: Square,
///     pub thought: Option<Duration>,
/// }
///
/// #[systemge::payload]
/// #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
/// pub struct Square(pub u8, pub u8);
///
/// #[systemge::payload]
/// pub enum Outcome<T> {
///     Played,
///     Refused { reason: String, allowed: HashMap<Square, T> },
/// }
/// ```
///
/// Fields are payloads themselves: your own with this attribute, and what serde knows of the standard library but
/// `Result`, which is for return types. The features `uuid`, `chrono` and `time` add the types of these crates. A payload
/// owns what it holds and doesn't contain itself. `docs/payloads.md` has the whole list.
///
/// serde's attributes work, except those that postcard can't carry: `flatten`, `tag`, `content`, `untagged`,
/// `skip_serializing_if` and a few more (SGE0308). `#[schema(as = "String")]` says whose shape a field has that serde
/// writes with other code, or whose type is of another crate:
///
/// ```
/// #[systemge::payload]
/// struct Job {
///     name: String,
///     #[serde(with = "percent")]
///     #[schema(as = "u8")]
///     progress: f64,
/// }
///
/// mod percent {
///     use serde::{Deserialize, Deserializer, Serializer};
///
///     pub fn serialize<S: Serializer>(part: &f64, serializer: S) -> Result<S::Ok, S::Error> {
///         serializer.serialize_u8((part * 100.0) as u8)
///     }
///
///     pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
///         u8::deserialize(deserializer).map(|percent| f64::from(percent) / 100.0)
///     }
/// }
/// ```
///
/// `#[systemge::payload(crate = path)]` says where systemge is, for macros that export it under another path.
#[proc_macro_attribute]
pub fn payload(arguments: TokenStream, item: TokenStream) -> TokenStream {
    run(|path| systemge_codegen::payload(arguments.into(), item.into(), path))
}

/// Makes a struct with one field a key of topics: its text is that of the field.
///
/// ```
/// use systemge::TopicKey as _;
///
/// #[systemge::payload] // where it travels, too
/// #[derive(systemge::TopicKey, Clone, Copy, Debug, PartialEq, Eq)]
/// pub struct GameId(u64);
///
/// assert_eq!(GameId(7).segment(), "7");
/// ```
///
/// The field is an integer, a `bool`, text, a `Uuid` or another key. `#[topic_key(crate = path)]` says where systemge is.
#[proc_macro_derive(TopicKey, attributes(topic_key))]
pub fn topic_key(item: TokenStream) -> TokenStream {
    run(|path| systemge_codegen::topic_key(item.into(), path))
}

/// Says that `#[systemge::payload]` is no derive.
#[doc(hidden)]
#[proc_macro_derive(Payload)]
pub fn derived_payload(item: TokenStream) -> TokenStream {
    run(|path| systemge_codegen::derived(item.into(), path))
}

/// Derives the wire shape of a type that derives serde's traits by itself; [`macro@payload`] derives all three.
///
/// `#[schema(as = "Type")]` on the type, a variant or a field gives it the shape of another type: for fields that
/// serde writes `with` other code, and for types of other crates. `#[schema(crate = path)]` says where systemge is.
///
/// ```
/// #[derive(serde::Serialize, serde::Deserialize, systemge::Schema)]
/// #[serde(try_from = "String", into = "String")]
/// #[schema(as = "String")]
/// struct Name(String);
///
/// # impl Clone for Name { fn clone(&self) -> Self { Self(self.0.clone()) } }
/// impl TryFrom<String> for Name {
///     type Error = &'static str;
///
///     fn try_from(name: String) -> Result<Self, Self::Error> {
///         if name.is_empty() { Err("a name has a letter") } else { Ok(Self(name)) }
///     }
/// }
///
/// impl From<Name> for String {
///     fn from(name: Name) -> Self {
///         name.0
///     }
/// }
///
/// fn is_payload<T: systemge::Payload>() {}
/// is_payload::<Name>();
/// ```
#[proc_macro_derive(Schema, attributes(schema, serde))]
pub fn schema(item: TokenStream) -> TokenStream {
    run(|path| systemge_codegen::schema(item.into(), path))
}

/// Makes the methods of an `impl` block handlers of topics and hooks, and generates the client beside it.
///
/// ```
/// use systemge::prelude::*;
///
/// #[derive(systemge::Application, Default)]
/// struct Life {
///     grid: Vec<bool>,
/// }
///
/// #[systemge::node]                          // generates LifeClient
/// impl Life {
///     /// The whole grid.
///     #[topic("getGrid")]
///     pub async fn grid(&self) -> Vec<bool> {
///         self.grid.clone()
///     }
///
///     #[topic("setGrid", oneway)]
///     async fn set(&mut self, cells: Vec<bool>, ctx: &Context) -> Result<(), String> {
///         if cells.is_empty() {
///             return Err(format!("{} gets no cells", ctx.node_name()));
///         }
///         self.grid = cells;
///         Ok(())
///     }
///
///     #[on_start]
///     async fn start(&mut self, ctx: &Context) -> Result<()> {
///         self.grid = LifeClient::new(ctx).to("backup").grid().await.unwrap_or_default();
///         Ok(())
///     }
///
///     #[on_stop]
///     async fn stop(&mut self) {
///         self.grid.clear();
///     }
/// }
/// ```
///
/// - A handler is `async fn` or `fn`. With `&self` it interleaves with others, with `&mut self` it runs alone.
/// - `&Context` may stand anywhere; the other parameters are the payload: none, one, or several as a tuple.
/// - A handler that returns something handles a request, one that returns nothing (or `()`) a message.
/// - The name of a topic is a string or the path of a constant.
/// - Methods without an attribute are ordinary methods.
///
/// # Options of a topic
///
/// They stand behind the name: `#[topic("name", spawn, timeout = "2s")]`.
///
/// | option | meaning |
/// | --- | --- |
/// | `oneway` | a message, although the handler returns something: a `Result<(), E>` whose error is logged here |
/// | `request` | a request, although the handler returns nothing: its callers learn that it is done |
/// | `spawn` | every call runs in a task of its own, on whatever thread has time |
/// | `blocking` | for a plain `fn` that computes long or blocks: every call runs on a thread of its own |
/// | `timeout = "250ms"` | for an `async fn`: a call that takes longer, the wait for the state included, is dropped where it waits, its caller gets [`RequestError::Cancelled`], and the node logs it; `us`, `ms`, `s`, `m`, `h`; without the option there is no limit |
/// | `alias = "oldName"` | the topic is announced under this name, too, for callers from before it was renamed; may be given several times |
///
/// ```
/// use systemge::prelude::*;
///
/// #[derive(systemge::Application, Default)]
/// struct Archive {
///     entries: Vec<String>,
/// }
///
/// #[systemge::node]
/// impl Archive {
///     #[topic("append", request, alias = "add")]
///     async fn append(&mut self, entry: String) {
///         self.entries.push(entry);
///     }
///
///     #[topic("search", blocking)]
///     fn search(&self, word: String) -> Vec<String> {
///         self.entries.iter().filter(|entry| entry.contains(&word)).cloned().collect()
///     }
///
///     #[topic("fetch", spawn, timeout = "2s")]
///     async fn fetch(&self, word: String, ctx: &Context) -> Result<Vec<String>, String> {
///         let other = ArchiveClient::new(ctx).to("archive-2");
///         other.search(word).await.map_err(|error| error.to_string())
///     }
///
///     #[topic("flush", oneway)]
///     async fn flush(&self) -> Result<(), std::fmt::Error> {
///         Ok(())
///     }
/// }
/// # fn main() {}
/// ```
///
/// [`RequestError::Cancelled`]: https://docs.rs/systemge/latest/systemge/client/enum.RequestError.html#variant.Cancelled
///
/// # The client
///
/// The client is called like the type, with `Client` behind it; `#[systemge::node(client = Name)]` calls it something
/// else. Its methods have the names, documentation, `#[cfg]`, `#[deprecated]` and visibility of the handlers, and the
/// client is as visible as the most visible of them: handlers without `pub` can be called from their own module and
/// those below it. A generic application's client has the same parameters: `StoreClient::<u8>::new(ctx)`.
///
/// A type may have a second block, which names its client: `#[systemge::node(client = LifeAdmin)]`.
///
/// `#[systemge::node] impl Game for App` handles the topics of a [`macro@contract`].
///
/// `#[systemge::node(crate = path)]` says where systemge is, for macros that
/// export it under another path; a dependency that is renamed in `Cargo.toml` is found by itself.
#[proc_macro_attribute]
pub fn node(arguments: TokenStream, item: TokenStream) -> TokenStream {
    run(|path| systemge_codegen::node(arguments.into(), item.into(), path))
}

/// Declares topics that several programs share: a contract between those who call them and those who handle them.
///
/// ```
/// use systemge::prelude::*;
///
/// // in a crate or a module that all of them know; systemge without any feature is enough for it
/// #[systemge::contract]                      // generates GameClient
/// pub trait Game {
///     /// Plays a move. (this text is on the client, too)
///     #[topic("move")]
///     async fn play(&self, from: u8, to: u8) -> Result<bool, String>; // returns something: a request
///
///     #[topic("resign")]
///     async fn resign(&self, player: String); //                         returns nothing: a message
///
///     #[topic("ready", request)]
///     async fn ready(&self); //                                          a request that only acknowledges
///
///     #[topic("clock", oneway, alias = "tick")]
///     async fn clock(&self, seconds: u32) -> Result<(), String>; //      a message; callers may know it as "tick", too
/// }
///
/// #[derive(systemge::Application, Default)]
/// #[application(handles(Game))]
/// struct Chess {
///     moves: Vec<(u8, u8)>,
/// }
///
/// #[systemge::node]
/// impl Game for Chess {
///     async fn play(&mut self, from: u8, to: u8, ctx: &Context<Self>) -> Result<bool, String> {
///         if from == to {
///             return Err(format!("{} stands still", ctx.sender().unwrap_or("somebody")));
///         }
///         self.moves.push((from, to));
///         Ok(self.moves.len() > 100)
///     }
///
///     async fn resign(&self, _player: String) {}
///
///     #[topic(spawn, timeout = "1s")]
///     async fn ready(&self) {}
///
///     async fn clock(&self, seconds: u32) -> Result<(), String> {
///         if seconds == 0 { Err("the time is over".to_owned()) } else { Ok(()) }
///     }
/// }
///
/// #[derive(systemge::Application, Default)]
/// #[application(calls(Game))]
/// struct Player {}
///
/// #[systemge::commands]
/// impl Player {
///     #[command("play")]
///     async fn play(&self, from: u8, to: u8, ctx: &Context<Self>) -> Result<bool> {
///         Ok(GameClient::new(ctx).play(from, to).await?)
///     }
/// }
/// # fn main() {}
/// ```
///
/// - The trait is a declaration: its client doesn't implement it, and a block of handlers only looks like an implementation.
///   There, `&mut self`, `&Context` and `&Context<Self>` may stand, `async` may come or go, hooks are allowed, and
///   `#[topic(..)]` takes the options `spawn`, `blocking` and `timeout`. Names and kinds (`oneway`, `request`, `alias`) are the
///   contract's.
/// - An application may handle several contracts beside topics of its own; it lists them in `handles(..)`.
/// - One `use` of the trait's name brings what belongs to it: the trait, a constant and a macro. The client has a name of
///   its own. The constant, a [`Contract`], tells the names, kinds and shapes of the topics, whether or not the program has
///   anybody who handles them: `Game.topics()`.
/// - The contract, its client and the constant are as visible as the trait.
///
/// # Keys
///
/// `#[systemge::contract(key(game: GameId))]` declares topics of which every instance of an application has its own. The name of
/// each has the key in it, as a segment of its own; the application has a field of that name and type with `#[key]`, which is read
/// once, when the node is made. The client of one instance is made by the method of the key's name (of several keys, their names
/// with `_` between).
///
/// ```
/// use systemge::prelude::*;
///
/// #[derive(systemge::TopicKey, Clone, Copy)]
/// pub struct GameId(u64);
///
/// #[systemge::contract(key(game: GameId))] // generates GameClient and KeyedGameClient
/// pub trait Game {
///     #[topic("game/{game}/move")]
///     async fn play(&self, from: u8, to: u8) -> bool;
/// }
///
/// #[derive(systemge::Application)]
/// #[application(handles(Game))]
/// struct Chess {
///     #[key]
///     game: GameId,
/// }
///
/// #[systemge::node]
/// impl Game for Chess {
///     async fn play(&self, from: u8, to: u8) -> bool {
///         from != to
///     }
/// }
///
/// async fn opening(ctx: &Context) -> Result<bool> {
///     let game = GameClient::new(ctx).game(&GameId(7));
///     Ok(game.play(12, 28).await?)
/// }
/// # fn main() {}
/// ```
///
/// `#[systemge::contract(crate = path)]` says where systemge is, for macros that export it under another path.
///
/// [`Contract`]: https://docs.rs/systemge/latest/systemge/struct.Contract.html
#[proc_macro_attribute]
pub fn contract(arguments: TokenStream, item: TokenStream) -> TokenStream {
    run(|path| systemge_codegen::contract(arguments.into(), item.into(), path))
}

/// What the macro of a contract calls with a block of handlers; not for programs.
#[doc(hidden)]
#[proc_macro]
pub fn implement(input: TokenStream) -> TokenStream {
    run(|_| systemge_codegen::implement(input.into()))
}

/// What `systemge::system!` calls, with its own crate's path; not for programs.
#[doc(hidden)]
#[proc_macro]
pub fn system(input: TokenStream) -> TokenStream {
    run(|_| systemge_codegen::system(input.into()))
}

/// Makes the methods of an `impl` block commands: what an operator can tell the node to do.
///
/// ```
/// use systemge::prelude::*;
/// # #[derive(systemge::Application)]
/// # struct Life { grid: Vec<bool> }
///
/// #[systemge::commands]
/// impl Life {
///     /// Fills the grid. (this is the help of the command)
///     #[command("fill")]
///     async fn fill(&mut self, every: usize, offset: Option<usize>, ctx: &Context) -> Result<String> {
///         for cell in self.grid.iter_mut().skip(offset.unwrap_or(0)).step_by(every) {
///             *cell = true;
///         }
///         Ok(format!("{} is filled", ctx.node_name()))
///     }
///
///     #[command("set")]
///     fn set(&mut self, alive: bool, cells: Vec<usize>) {
///         for (index, cell) in self.grid.iter_mut().enumerate() {
///             *cell = if cells.contains(&index) { alive } else { *cell };
///         }
///     }
/// }
/// ```
///
/// Arguments are parsed from text (`FromStr`). An `Option<T>` may be missing, a `Vec<T>` at the end takes all that
/// are left; `&Context` is given. A command returns nothing, something that can be printed, or a `Result` of these.
///
/// `#[systemge::commands(crate = path)]` says where systemge is, for macros that export it under another path.
#[proc_macro_attribute]
pub fn commands(arguments: TokenStream, item: TokenStream) -> TokenStream {
    run(|path| systemge_codegen::commands(arguments.into(), item.into(), path))
}

/// Makes the methods of an `impl` block handlers of HTTP requests.
///
/// ```
/// use systemge::http::{Json, StatusCode};
/// use systemge::prelude::*;
/// # #[derive(systemge::Application)]
/// # struct Gateway { cells: Vec<bool> }
///
/// #[systemge::http(folder("/", "page"))]     // the files of the folder `page`, at `/`
/// impl Gateway {
///     #[get("/api/cells")]
///     async fn cells(&self, ctx: &Context) -> Json<Vec<bool>> {
///         Json(self.cells.clone())
///     }
///
///     #[post("/api/cell/{index}")]
///     async fn set(&mut self, index: usize, alive: Json<bool>) -> StatusCode {
///         match self.cells.get_mut(index) {
///             Some(cell) => {
///                 *cell = alive.0;
///                 StatusCode::NO_CONTENT
///             }
///             None => StatusCode::NOT_FOUND,
///         }
///     }
/// }
/// ```
///
/// The attributes are `get`, `post`, `put`, `delete` and `patch`. A parameter with the name of a `{placeholder}` is
/// parsed from that segment of the path (`FromStr`); `&Context` is given; every other parameter says by its type
/// which part of the request it is (`FromRequest`): the query, a header, the body as JSON, as a form, or piece by piece.
/// What is returned is a `Respond`: JSON, text, a status, a redirection, a file, a stream, a `Result` of these.
///
/// # Limits of a route
///
/// They stand behind the path; without them, those of the configuration hold.
///
/// | option | meaning |
/// | --- | --- |
/// | `body = "1MiB"` | how large the body of a request may be; more is answered with 413 |
/// | `timeout = "5s"` | how long a client may take to send the body (408), and the handler to answer (503; it is dropped) |
/// | `concurrency = 16` | how many requests are handled at the same time; one more gets a 503 at once |
/// | `rate = "100/1s"` | how many requests of all clients together may come in that time; one more gets a 429 |
///
/// ```
/// use systemge::http::{Bytes, Body, HttpError, Query, Redirect};
/// use systemge::prelude::*;
/// # #[derive(systemge::Application)]
/// # struct Gallery {}
///
/// #[systemge::payload]
/// struct Search {
///     word: String,
///     page: Option<u32>,
/// }
///
/// #[systemge::http]
/// impl Gallery {
///     #[post("/pictures/{name}", body = "16MiB", timeout = "1m", concurrency = 4)]
///     async fn upload(&self, name: String, picture: Body) -> Result<StatusCode, HttpError> {
///         if picture.is_empty() {
///             return Err(HttpError::bad_request("a picture has at least one byte"));
///         }
///         Ok(StatusCode::CREATED)
///     }
///
///     #[get("/search", rate = "20/1s")]
///     async fn search(&self, search: Query<Search>) -> Json<Vec<String>> {
///         Json(vec![format!("{} {}", search.word, search.page.unwrap_or(1))])
///     }
///
///     #[get("/pictures")]
///     async fn all(&self) -> Redirect {
///         Redirect::see_other("/search?word=all")
///     }
/// }
/// # fn main() {}
/// ```
///
/// # Folders, filters and the path of systemge
///
/// `folder("/prefix", "folder")` serves the files of a folder: ranges, conditions, `cache-control`, nothing hidden and
/// nothing outside of it. `filter(Self::more)` is the way out to warp: a function that makes a filter, which is asked about
/// requests that no route and no folder answers. `crate = path` says where systemge is.
///
/// ```
/// use systemge::http::warp::reject::Rejection;
/// use systemge::http::warp::{self, Filter, Reply};
/// use systemge::prelude::*;
/// # #[derive(systemge::Application)]
/// # struct Gateway {}
///
/// #[systemge::http(filter(Self::more))]
/// impl Gateway {
///     fn more(ctx: Context<Self>) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
///         warp::path!("version").map(move || ctx.node_name().to_owned())
///     }
/// }
/// # fn main() {}
/// ```
#[proc_macro_attribute]
pub fn http(arguments: TokenStream, item: TokenStream) -> TokenStream {
    run(|path| systemge_codegen::http(arguments.into(), item.into(), path))
}

/// Makes the methods of an `impl` block handlers of what browsers send over a WebSocket, and declares what is pushed
/// to them.
///
/// ```
/// use std::sync::Mutex;
///
/// use systemge::prelude::*;
/// # #[derive(systemge::Application)]
/// # struct Gateway { players: Mutex<usize> }
///
/// #[systemge::websocket]
/// impl Gateway {
///     /// How many players are here.
///     #[push("players")]
///     fn player_count(count: usize);
///
///     /// A move, with who made it.
///     #[push("moved")]
///     fn moved(by: &str, mv: (u8, u8));
///
///     #[on_connect]
///     async fn joined(&self, client: &WsClient, ctx: &Context<Self>) {
///         let mut players = self.players.lock().expect("no panic");
///         *players += 1;
///         ctx.websocket().player_count(*players).to_all();
///     }
///
///     #[topic("move")]
///     async fn play(&self, client: &WsClient, mv: (u8, u8), ctx: &Context<Self>) -> Result<(), String> {
///         if mv.0 == mv.1 {
///             return Err("that is no move".to_owned());
///         }
///         ctx.websocket().moved(&client.id().to_string(), mv).except(client).to_all();
///         Ok(())
///     }
///
///     #[on_disconnect]
///     async fn left(&self, client: &WsClient) {
///         *self.players.lock().expect("no panic") -= 1;
///     }
/// }
/// ```
///
/// # What browsers send
///
/// `&WsClient` and `&Context` may stand anywhere; the other parameters are the payload, read from JSON. A handler
/// returns nothing or a `Result<(), E>`, whose error goes back to the browser as the topic `error`.
///
/// # What is pushed to browsers
///
/// A `#[push]` is only declared: no `self`, no body. Its parameters are the payload, `T` or `&T`: none, one, or several
/// as a tuple. What is generated are the methods of a trait, `GatewayPushes` for `Gateway`, on `ctx.websocket()`; each
/// encodes its payload once and returns a `Push`, whose methods say to whom it goes: `to_all`, `to(client)`,
/// `to_many(ids)`, `to_group(name)`, and `except(client)` before them. A topic that nobody declares and a payload of
/// another type don't compile.
///
/// - The trait is as visible as its most visible push. Other blocks of the application, its hooks, commands and tasks
///   push in the same way; in other modules the trait has to be imported, as clients are.
/// - With `ctx: &Context<Self>`, only the application's own pushes compile. With a plain `&Context`, and with
///   `node.websocket()`, those of every trait in scope do, and a push of another application is a warning at run time.
///   A generic application needs `&Context<Self>`.
#[proc_macro_attribute]
pub fn websocket(arguments: TokenStream, item: TokenStream) -> TokenStream {
    run(|path| systemge_codegen::websocket(arguments.into(), item.into(), path))
}

/// Marks the handler of a topic, inside a block of [`macro@node`] or [`macro@websocket`]; an error anywhere else.
#[proc_macro_attribute]
pub fn topic(_arguments: TokenStream, item: TokenStream) -> TokenStream {
    run(|_| systemge_codegen::misplaced("topic", "node", item.into()))
}

/// Declares a topic towards browsers, inside a block of [`macro@websocket`]; an error anywhere else.
#[proc_macro_attribute]
pub fn push(_arguments: TokenStream, item: TokenStream) -> TokenStream {
    run(|_| systemge_codegen::misplaced("push", "websocket", item.into()))
}

/// Marks a command, inside a block of [`macro@commands`]; an error anywhere else.
#[proc_macro_attribute]
pub fn command(_arguments: TokenStream, item: TokenStream) -> TokenStream {
    run(|_| systemge_codegen::misplaced("command", "commands", item.into()))
}

/// Marks the hook that runs when the node starts, inside a block of [`macro@node`]; an error anywhere else.
#[proc_macro_attribute]
pub fn on_start(_arguments: TokenStream, item: TokenStream) -> TokenStream {
    run(|_| systemge_codegen::misplaced("on_start", "node", item.into()))
}

/// Marks the hook that runs when the node stops, inside a block of [`macro@node`]; an error anywhere else.
#[proc_macro_attribute]
pub fn on_stop(_arguments: TokenStream, item: TokenStream) -> TokenStream {
    run(|_| systemge_codegen::misplaced("on_stop", "node", item.into()))
}

/// Marks the hook that runs when a browser connects, inside a block of [`macro@websocket`]; an error anywhere else.
#[proc_macro_attribute]
pub fn on_connect(_arguments: TokenStream, item: TokenStream) -> TokenStream {
    run(|_| systemge_codegen::misplaced("on_connect", "websocket", item.into()))
}

/// Marks the hook that runs when a browser is gone, inside a block of [`macro@websocket`]; an error anywhere else.
#[proc_macro_attribute]
pub fn on_disconnect(_arguments: TokenStream, item: TokenStream) -> TokenStream {
    run(|_| systemge_codegen::misplaced("on_disconnect", "websocket", item.into()))
}

/// Runs an expansion. A panic in it is our bug, and says so.
fn run(expand: impl FnOnce(&CratePath) -> Expansion) -> TokenStream {
    let path = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(CratePath::default, |directory| CratePath::from_manifest(&PathBuf::from(directory)));
    match catch_unwind(AssertUnwindSafe(|| expand(&path).into_tokens())) {
        Ok(tokens) => tokens.into(),
        Err(_) => "::core::compile_error! { \"a macro of systemge panicked; this is a bug of systemge, not \
                   yours: please report it with the code that it was called on\" }"
            .parse()
            .unwrap_or_default(),
    }
}
