// 1:13: [SGE0405] a contract has no supertraits
//   help: an application lists each contract that it handles
// 2:13: [SGE0111] `{gmae}` in the name of the topic is no key
//   help: did you mean `{game}`?
// 3:30: [SGE0209] this parameter is borrowed, but what crosses the wire is owned
//   help: write `Move`
// 5:35: [SGE0409] `spawn` says how a topic is handled, which is the handler's business, not the contract's
//   help: write `#[topic(spawn)]` at the handler, in the `#[systemge::node]` block
// 6:21: [SGE0409] `resign` takes `&mut self`, which is the handler's business, not the contract's
//   help: write `&self`; the handler may take `&mut self` all the same
// 6:53: [SGE0409] `resign` takes a context, which is the handler's business, not the contract's
//   help: remove it; the handler may take `&Context` all the same
// 8:14: [SGE0406] `forgotten` is in a contract, but declares no topic
//   help: write `#[topic("forgotten")]` above it
// 11:24: [SGE0210] `impl Iterator<Item = u8>` has no fixed wire shape
//   help: name a concrete type
// 13:5: [SGE0405] a contract has no `const`
//   help: a contract declares topics; put this beside it

#[allow(
    dead_code,
    unreachable_pub,
    non_camel_case_types,
    clippy::all,
    clippy::pedantic,
    clippy::nursery
)]
trait Game {
    #[doc(hidden)]
    type __systemge_node_is_missing_above_this_block;
    fn play(
        &self,
        mv: &Move,
    ) -> impl ::core::future::Future<Output = Applied> + ::core::marker::Send;
    fn resign(
        &mut self,
        player: String,
        ctx: &Context,
    ) -> impl ::core::future::Future<Output = ()> + ::core::marker::Send;
    fn forgotten(
        &self,
    ) -> impl ::core::future::Future<Output = ()> + ::core::marker::Send;
    fn right(
        &self,
        player: String,
    ) -> impl ::core::future::Future<Output = bool> + ::core::marker::Send;
}
#[automatically_derived]
#[allow(unused_variables, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
impl Game for ::systemge::__private::Declared {
    type __systemge_node_is_missing_above_this_block = GameClient;
    fn play(
        &self,
        mv: &Move,
    ) -> impl ::core::future::Future<Output = Applied> + ::core::marker::Send {
        ::core::future::pending()
    }
    fn resign(
        &mut self,
        player: String,
        ctx: &Context,
    ) -> impl ::core::future::Future<Output = ()> + ::core::marker::Send {
        ::core::future::pending()
    }
    fn forgotten(
        &self,
    ) -> impl ::core::future::Future<Output = ()> + ::core::marker::Send {
        ::core::future::pending()
    }
    fn right(
        &self,
        player: String,
    ) -> impl ::core::future::Future<Output = bool> + ::core::marker::Send {
        ::core::future::pending()
    }
}
/// The typed caller of the topics of `Game`.
#[allow(dead_code, unreachable_pub)]
struct GameClient {
    core: ::systemge::__private::ClientCore<0usize>,
    application: ::core::marker::PhantomData<fn() -> ()>,
}
#[automatically_derived]
#[allow(
    dead_code,
    deprecated,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::nursery
)]
impl GameClient {
    /// Asks only the node of that name.
    #[must_use]
    pub fn to(self, node: impl ::core::convert::Into<::std::string::String>) -> Self {
        Self {
            core: self.core.to(node),
            application: ::core::marker::PhantomData,
        }
    }
    /// Asks one of the nodes that handle the topic, the less busy of two random ones; another one if it refuses
    /// the request, or its connection cannot take it.
    #[must_use]
    pub fn any(self) -> Self {
        Self {
            core: self.core.any(),
            application: ::core::marker::PhantomData,
        }
    }
    /// Waits so long for a node that handles the topic, if none is connected; without it, that is an error at
    /// once. The time of a request counts from when it is sent.
    #[must_use]
    pub fn wait_for_provider(self, time: ::core::time::Duration) -> Self {
        Self {
            core: self.core.wait_for_provider(time),
            application: ::core::marker::PhantomData,
        }
    }
    /// A client that asks every node which handles the topic.
    pub fn new(caller: &impl ::systemge::__private::CallerOf<{ Game.key() }>) -> Self {
        Self {
            core: ::systemge::__private::ClientCore::of_contract(caller, &Game),
            application: ::core::marker::PhantomData,
        }
    }
    #[doc(hidden)]
    const __CHECKED_0: bool = {
        ::systemge::__private::probe::key_of_topics::<GameId>();
        true
    };
    /// The client of the `Game` with this key, which is turned into text once, here. A key whose text can't be a part of a topic's name is an error where the client is used.
    pub fn game(&self, game: &GameId) -> KeyedGameClient
    where
        for<'systemge> GameId: ::systemge::__private::probe::IsKey<
            'systemge,
            { GameClient::__CHECKED_0 },
        >,
    {
        KeyedGameClient {
            core: self.core.keyed(&[("game", ::systemge::TopicKey::segment(game))]),
            application: ::core::marker::PhantomData,
        }
    }
}
#[automatically_derived]
impl ::core::clone::Clone for GameClient {
    fn clone(&self) -> Self {
        Self {
            core: ::core::clone::Clone::clone(&self.core),
            application: ::core::marker::PhantomData,
        }
    }
}
#[automatically_derived]
impl ::core::fmt::Debug for GameClient {
    fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        formatter.debug_struct("GameClient").finish_non_exhaustive()
    }
}
/// The typed caller of the topics of one `Game`.
#[allow(dead_code, unreachable_pub)]
struct KeyedGameClient {
    core: ::systemge::__private::ClientCore<2usize>,
    application: ::core::marker::PhantomData<fn() -> ()>,
}
#[automatically_derived]
#[allow(
    dead_code,
    deprecated,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::nursery
)]
impl KeyedGameClient {
    /// Asks only the node of that name.
    #[must_use]
    pub fn to(self, node: impl ::core::convert::Into<::std::string::String>) -> Self {
        Self {
            core: self.core.to(node),
            application: ::core::marker::PhantomData,
        }
    }
    /// Asks one of the nodes that handle the topic, the less busy of two random ones; another one if it refuses
    /// the request, or its connection cannot take it.
    #[must_use]
    pub fn any(self) -> Self {
        Self {
            core: self.core.any(),
            application: ::core::marker::PhantomData,
        }
    }
    /// Waits so long for a node that handles the topic, if none is connected; without it, that is an error at
    /// once. The time of a request counts from when it is sent.
    #[must_use]
    pub fn wait_for_provider(self, time: ::core::time::Duration) -> Self {
        Self {
            core: self.core.wait_for_provider(time),
            application: ::core::marker::PhantomData,
        }
    }
    #[doc(hidden)]
    const __CHECKED_0: bool = {
        ::systemge::__private::probe::payload::<String>();
        true
    };
    /// The topic of `Game::resign`.
    fn resign(&self, player: String) -> ::systemge::client::OneWay<'_, String> {
        self.core
            .message(
                0usize,
                const { &::systemge::Topic::one_way::<String>("game/{game}/resign") },
                player,
            )
    }
    #[doc(hidden)]
    const __CHECKED_1: bool = KeyedGameClient::__CHECKED_0
        && {
            ::systemge::__private::probe::reply::<bool>();
            true
        };
    /// The topic of `Game::right`.
    fn right(&self, player: String) -> ::systemge::client::Request<'_, String, bool> {
        self.core
            .request(
                1usize,
                const {
                    &::systemge::Topic::request::<String, bool>("game/{game}/right")
                },
                player,
            )
    }
}
#[automatically_derived]
impl ::core::clone::Clone for KeyedGameClient {
    fn clone(&self) -> Self {
        Self {
            core: ::core::clone::Clone::clone(&self.core),
            application: ::core::marker::PhantomData,
        }
    }
}
#[automatically_derived]
impl ::core::fmt::Debug for KeyedGameClient {
    fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        formatter.debug_struct("KeyedGameClient").finish_non_exhaustive()
    }
}
#[allow(
    dead_code,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    unused_variables,
    clippy::all,
    clippy::pedantic,
    clippy::nursery
)]
const _: () = {
    #[diagnostic::on_unimplemented(
        message = "[SGE0416] the topics of `Game` belong to one `game`",
        label = "of which `game`?",
        note = "write `client.game(&game)` before the topic"
    )]
    trait OfOneInstance<'a> {}
    #[automatically_derived]
    impl GameClient {
        #[doc(hidden)]
        pub fn resign(&self, value_0: String) -> ::systemge::client::OneWay<'_, String>
        where
            for<'systemge> Self: OfOneInstance<'systemge>,
        {
            loop {}
        }
        #[doc(hidden)]
        pub fn right(
            &self,
            value_0: String,
        ) -> ::systemge::client::Request<'_, String, bool>
        where
            for<'systemge> Self: OfOneInstance<'systemge>,
        {
            loop {}
        }
    }
};
#[automatically_derived]
#[allow(dead_code, clippy::all, clippy::pedantic, clippy::nursery)]
impl GameClient {
    #[doc(hidden)]
    const fn __systemge_contract_conditions() {
        {}
        {}
    }
}
#[automatically_derived]
#[allow(deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
impl GameClient {
    #[doc(hidden)]
    pub const __SYSTEMGE_TOPICS: &'static [::systemge::__private::DeclaredTopic] = &[
        ::systemge::__private::DeclaredTopic::new(
            "right",
            ::systemge::Topic::request::<String, bool>("game/{game}/right"),
            "",
        ),
    ];
}
/// The topics of the contract [`Game`](trait@Game), which are here whether or not the program handles them.
#[allow(non_upper_case_globals, dead_code, unreachable_pub)]
const Game: ::systemge::Contract = {
    #[allow(unused_imports)]
    use ::systemge::__private::NoTopics as _;
    let declared = ::systemge::__private::Declaration {
        package: ::core::option_env!("CARGO_PKG_NAME"),
        version: ::core::option_env!("CARGO_PKG_VERSION"),
        file: ::core::file!(),
        line: ::core::line!(),
        module: ::core::module_path!(),
    };
    ::systemge::Contract::new(
        "Game",
        declared,
        &["game"],
        <GameClient>::__SYSTEMGE_TOPICS,
    )
};
#[automatically_derived]
impl ::systemge::__private::ContractKey<0usize> for GameClient {
    type Key = GameId;
}
#[automatically_derived]
impl ::systemge::__private::ContractTopic<0usize> for GameClient {
    const NAME: &'static str = "game/{game}/right";
    const ALIASES: &'static [&'static str] = &[];
    type Reply = bool;
}
#[automatically_derived]
impl ::systemge::__private::ContractValue<0usize, 0usize> for GameClient {
    type Value = String;
}
#[doc(hidden)]
#[allow(non_local_definitions, unused_macros)]
macro_rules! __systemge_contract_Game_0c130746e846570c {
    ({ $($systemge:tt)* } $($block:tt)*) => {
        $($systemge)* ::__private::implement! { { $($systemge)* } { Game(game) { 0
        request false async fn right(& self, player : String) -> bool } } $($block)* }
    };
}
#[doc(hidden)]
#[allow(unused_imports, unreachable_pub)]
use __systemge_contract_Game_0c130746e846570c as Game;
