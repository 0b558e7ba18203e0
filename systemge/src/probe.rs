//! Conditions that generated code asks of the user's types, so that the compiler says once, at the user's type and
//! in our words, what is missing.
//!
//! Each condition has two halves. A function asks for it and is called with the user's type: that is where the
//! compiler reports. A trait with a lifetime repeats it in the `where` clauses of generated code: `for<'a> T:
//! IsPayload<'a>` is taken for granted in the code below it even where it doesn't hold, so that nothing there
//! repeats the report. Where callers have to meet such a clause, it names a constant that asks for the condition: if that
//! can't be evaluated, the clause is wrong for a reason that is known, and the compiler doesn't repeat it to the callers, either.

use std::fmt::Display;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Schema;
use crate::application::{Application, NodeBlock};
use crate::command::CommandReply;
use crate::context::{AnyApplication, Context};
use crate::contract::Lists;
#[cfg(feature = "http")]
use crate::http::{FromRequest, Respond};
use crate::key::TopicKey;

use crate::const_text::{self, Message};
use crate::payload::{FNV_OFFSET, OneWayReply, Payload, Reply, Shape, WireError, byte};
use crate::topic::Topic;

/// A type that can be an argument of a command.
///
/// Implemented for everything that can be parsed from text.
#[diagnostic::on_unimplemented(
    message = "[SGE0504] `{Self}` cannot be an argument of a command: it cannot be parsed from text",
    label = "not parsed from text",
    note = "implement `std::str::FromStr` for `{Self}`, with an error that can be printed",
    note = "an argument that may be missing is an `Option<T>`; all that are left are a `Vec<T>` at the end"
)]
pub trait CommandArgument: FromStr<Err: Display> + Send {}

#[diagnostic::do_not_recommend]
impl<T: FromStr<Err: Display> + Send> CommandArgument for T {}

/// A payload, as clients ask for it. The parameter is whether it has a shape: where that can't be evaluated, what is wrong with it
/// was said at one of its fields.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "[SGE0301] `{Self}` cannot be the payload of a topic",
    label = "not a payload",
    note = "put `#[systemge::payload]` on the definition of `{Self}`, and on those of the types of its fields; which types that aren't yours can travel is in `docs/payloads.md`"
)]
pub trait IsTopicPayload<const SHAPED: bool = true>: Payload {}

#[diagnostic::do_not_recommend]
impl<T: Payload, const SHAPED: bool> IsTopicPayload<SHAPED> for T {}

/// A response, in the same way.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "[SGE0302] `{Self}` cannot be the response of a request",
    label = "not a reply",
    note = "a handler returns a payload (`#[systemge::payload]`), or a `Result` of a payload and an error that is a payload, too",
    note = "the error of `systemge::Result<T>` stays with its node: write `Result<T, String>` or an error of your own; or, where nobody waits for the outcome, `oneway` behind the topic's name"
)]
pub trait IsTopicReply<const SHAPED: bool = true>: Reply {}

#[diagnostic::do_not_recommend]
impl<T: Reply, const SHAPED: bool> IsTopicReply<SHAPED> for T {}

/// The error of a handler, in the same way.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "[SGE0303] `{Self}` cannot be sent back to the caller as a handler's error",
    label = "this error cannot cross the wire",
    note = "an error needs `#[systemge::payload]`, `Debug` and `Display`; a `String` will do, too: `.map_err(|error| error.to_string())`"
)]
pub trait IsTopicError<const SHAPED: bool = true>: WireError {}

#[diagnostic::do_not_recommend]
impl<T: WireError, const SHAPED: bool> IsTopicError<SHAPED> for T {}

/// Whether a type has a shape; its constant can't be evaluated if one of its fields has none.
#[doc(hidden)]
#[derive(Debug)]
pub struct Shaped<T>(PhantomData<T>);

impl<T: Schema> Shaped<T> {
    pub const SHAPED: bool = shaped(T::SHAPE);
}

/// The constant of types without a shape: that of [`Shaped`] itself goes before this one, where there is a shape.
#[doc(hidden)]
pub trait NoShape {
    const SHAPED: bool = true;
}

impl<T> NoShape for Shaped<T> {}

const fn shaped(_: &Shape) -> bool {
    true
}

/// A payload whose type is called `Context`; it may be the user's own.
#[diagnostic::on_unimplemented(
    message = "[SGE0207] `{Self}` is taken by value",
    label = "a context is borrowed",
    note = "write `&Context`; if this is a type of your own that travels as the payload, it needs `#[systemge::payload]`"
)]
pub trait ContextPayload: Payload {}

#[diagnostic::do_not_recommend]
impl<T: Payload> ContextPayload for T {}

/// A type parameter of an application.
#[diagnostic::on_unimplemented(
    message = "[SGE0306] the type parameter `{Self}` of an application is not known to be `Send + Sync + 'static`",
    label = "handlers run on any thread",
    note = "write `{Self}: Send + Sync + 'static` at the block"
)]
pub trait ApplicationParameter: Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> ApplicationParameter for T {}

/// The context that a handler of the application `A` gets.
#[diagnostic::on_unimplemented(
    message = "[SGE0213] a handler of `{A}` does not get a `&{Self}`",
    label = "the context of another application",
    note = "write `&Context<Self>`, or `&Context`"
)]
pub trait ContextOf<A> {}

impl<A: Application> ContextOf<A> for Context<A> {}
impl<A: Application> ContextOf<A> for Context<AnyApplication> {}

/// An argument of a command whose type is called `Context`; it may be the user's own.
#[diagnostic::on_unimplemented(
    message = "[SGE0207] `{Self}` is taken by value",
    label = "a context is borrowed",
    note = "write `&Context`; if this is a type of your own that operators type, it needs `std::str::FromStr`"
)]
pub trait ContextArgument: CommandArgument {}

#[diagnostic::do_not_recommend]
impl<T: CommandArgument> ContextArgument for T {}

/// A part of a request whose type is called `Context`; it may be the user's own.
#[cfg(feature = "http")]
#[diagnostic::on_unimplemented(
    message = "[SGE0207] `{Self}` is taken by value",
    label = "a context is borrowed",
    note = "write `&Context`; if this is a type of your own that is taken from a request, it needs `FromRequest`"
)]
pub trait ContextPart: FromRequest {}

#[cfg(feature = "http")]
#[diagnostic::do_not_recommend]
impl<T: FromRequest> ContextPart for T {}

/// A payload that a browser can send: JSON.
#[diagnostic::on_unimplemented(
    message = "[SGE0304] `{Self}` cannot come from a browser",
    label = "not read from JSON",
    note = "put `#[systemge::payload]` on the definition of `{Self}`, or derive serde's `Deserialize`"
)]
pub trait BrowserPayload: DeserializeOwned + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + Send + 'static> BrowserPayload for T {}

/// The type of a field of a payload. A condition of serde's implementations, where nobody sees it: what is missing is
/// reported where the wire shape of the field is asked for.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "[SGE0301] `{Self}` cannot travel between nodes",
    label = "not a payload",
    note = "put `#[systemge::payload]` on the definition of `{Self}`; for a type of another crate, wrap it in a struct of your own"
)]
pub trait PayloadField: Schema + Serialize + DeserializeOwned {}

#[diagnostic::do_not_recommend]
impl<T: Schema + Serialize + DeserializeOwned> PayloadField for T {}

/// A type in a handler of a contract: that of the contract.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "[SGE0403] the contract says `{T}` here, not `{Self}`",
    label = "not the type of the contract",
    note = "caller and handler speak the contract's types: write `{T}`, or change the contract"
)]
pub trait OfContract<T> {}

impl<T> OfContract<T> for T {}

macro_rules! assumptions {
    ($($condition:ident: $name:ident),* $(,)?) => {$(
        #[doc(hidden)]
        #[diagnostic::on_unimplemented(
            message = "`{Self}` cannot be used here, for a reason that stands at its definition or at the handler",
            label = "see the other errors"
        )]
        pub trait $name<'a, const CHECKED: bool = true>: $condition {}

        #[diagnostic::do_not_recommend]
        impl<'a, T: $condition, const CHECKED: bool> $name<'a, CHECKED> for T {}
    )*};
}

assumptions! {
    Application: IsApplication,
    Payload: IsPayload,
    ContextPayload: IsContextPayload,
    Reply: IsReply,
    WireError: IsWireError,
    OneWayReply: IsOneWayReply,
    CommandArgument: IsCommandArgument,
    ContextArgument: IsContextArgument,
    CommandReply: IsCommandReply,
    BrowserPayload: IsBrowserPayload,
    PayloadField: IsField,
    TopicKey: IsKey,
}

// written out, since a note of the compiler shows the bound, and should not show a macro of ours

#[doc(hidden)]
pub const fn application<T: Application>() {}

// building a topic checks the shapes that are in it; it can't be dropped while a program is compiled

#[doc(hidden)]
pub const fn payload<T: Payload>() {
    std::mem::forget(Topic::one_way::<T>("probe"));
}

#[doc(hidden)]
pub const fn shaped_payload<T: IsTopicPayload<SHAPED>, const SHAPED: bool>() {
    payload::<T>();
}

#[doc(hidden)]
pub const fn context_payload<T: ContextPayload>() {
    payload::<T>();
}

#[doc(hidden)]
pub const fn application_parameter<T: ApplicationParameter>() {}

#[doc(hidden)]
pub const fn context_of<C: ContextOf<A>, A>() {}

#[doc(hidden)]
pub const fn context_argument<T: ContextArgument>() {}

#[cfg(feature = "http")]
#[doc(hidden)]
pub const fn context_part<T: ContextPart>() {}

#[doc(hidden)]
pub const fn reply<T: Reply>() {
    std::mem::forget(Topic::request::<(), T>("probe"));
}

#[doc(hidden)]
pub const fn shaped_reply<T: IsTopicReply<SHAPED>, const SHAPED: bool>() {
    reply::<T>();
}

#[doc(hidden)]
pub const fn wire_error<T: WireError>() {
    payload::<T>();
}

#[doc(hidden)]
pub const fn shaped_wire_error<T: IsTopicError<SHAPED>, const SHAPED: bool>() {
    wire_error::<T>();
}

#[doc(hidden)]
pub const fn one_way_reply<T: OneWayReply>() {}

#[doc(hidden)]
pub const fn key_of_topics<T: TopicKey>() {}

#[doc(hidden)]
pub const fn of_contract<Own: OfContract<T>, T>() {}

#[doc(hidden)]
pub const fn listed<T: Lists<CONTRACT>, const CONTRACT: u64>() {}

/// Whether no topic has a handler in two blocks of one application.
///
/// # Panics
///
/// While the program is compiled, if one has.
#[doc(hidden)]
pub const fn one_block_for_each_topic<A: Application>(blocks: &[Option<NodeBlock<A>>]) {
    let mut first = 0;
    while first < blocks.len() {
        let mut second = first + 1;
        while second < blocks.len() {
            if let (Some(one), Some(other)) = (&blocks[first], &blocks[second])
                && let Some(name) = const_text::common(one.names, other.names)
            {
                Message::new("[SGE0106] the topic `")
                    .with(name)
                    .with("` has two handlers, in two blocks of the application")
                    .panic();
            }
            second += 1;
        }
        first += 1;
    }
}

/// Whether the methods are all that declare a topic of the contract; asked where some stand under a `#[cfg]`.
///
/// # Panics
///
/// While the program is compiled, if one is missing.
#[doc(hidden)]
pub const fn all_handled(contract: &crate::Contract, methods: &[&str]) {
    let topics = contract.topics();
    let mut index = 0;
    while index < topics.len() {
        let mut found = false;
        let mut other = 0;
        while other < methods.len() {
            found |= const_text::equal(topics[index].method(), methods[other]);
            other += 1;
        }
        if !found {
            Message::new("[SGE0401] there is no handler for `")
                .with(topics[index].method())
                .with("` of the contract `")
                .with(contract.name())
                .with("`")
                .panic();
        }
        index += 1;
    }
}

#[doc(hidden)]
pub const fn command_argument<T: CommandArgument>() {}

#[doc(hidden)]
pub const fn command_reply<T: CommandReply>() {}

#[doc(hidden)]
pub const fn browser_payload<T: BrowserPayload>() {}

/// A payload that can be pushed to browsers: JSON.
#[cfg(feature = "websocket")]
#[diagnostic::on_unimplemented(
    message = "[SGE0523] `{Self}` cannot be pushed to browsers",
    label = "not written as JSON",
    note = "put `#[systemge::payload]` on the definition of `{Self}`, or derive serde's `Serialize`"
)]
pub trait PushPayload: Serialize {}

#[cfg(feature = "websocket")]
#[diagnostic::do_not_recommend]
impl<T: Serialize + ?Sized> PushPayload for T {}

#[cfg(feature = "websocket")]
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be used here, for a reason that stands at its definition or at the handler",
    label = "see the other errors"
)]
pub trait IsPushPayload<'a, const CHECKED: bool = true>: PushPayload {}

#[cfg(feature = "websocket")]
#[diagnostic::do_not_recommend]
impl<'a, T: PushPayload + ?Sized, const CHECKED: bool> IsPushPayload<'a, CHECKED> for T {}

#[cfg(feature = "websocket")]
#[doc(hidden)]
pub const fn push_payload<T: PushPayload + ?Sized>() {}

/// A type that can be a parameter of the path of a route.
#[cfg(feature = "http")]
#[diagnostic::on_unimplemented(
    message = "[SGE0513] `{Self}` cannot be a parameter of a path: it cannot be parsed from text",
    label = "not parsed from text",
    note = "implement `std::str::FromStr` for `{Self}`"
)]
pub trait PathParameter: FromStr + Send {}

#[cfg(feature = "http")]
#[diagnostic::do_not_recommend]
impl<T: FromStr + Send> PathParameter for T {}

#[cfg(feature = "http")]
assumptions! {
    PathParameter: IsPathParameter,
    FromRequest: IsFromRequest,
    ContextPart: IsContextPart,
    Respond: IsRespond,
}

#[cfg(feature = "http")]
#[doc(hidden)]
pub const fn path_parameter<T: PathParameter>() {}

#[cfg(feature = "http")]
#[doc(hidden)]
pub const fn from_request<T: FromRequest>() {}

#[cfg(feature = "http")]
#[doc(hidden)]
pub const fn respond<T: Respond>() {}

/// Says that an application handles the topic with this key, so that the compiler finds a topic with two handlers where
/// the macro can't: names that are constants, and handlers under `#[cfg]`.
///
/// "Conflicting implementations of `OneHandlerForEachTopic`" means SGE0106: two handlers of the application are for the
/// same topic.
#[doc(hidden)]
pub trait OneHandlerForEachTopic<const KEY: u64> {}

/// The key of a topic: a hash of its name.
#[doc(hidden)]
#[must_use]
pub const fn topic_key(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let mut state = FNV_OFFSET;
    let mut index = 0;
    while index < bytes.len() {
        state = byte(state, bytes[index]);
        index += 1;
    }
    state
}
