#[allow(
    dead_code,
    unreachable_pub,
    non_camel_case_types,
    clippy::all,
    clippy::pedantic,
    clippy::nursery
)]
pub(crate) trait Game {
    #[doc(hidden)]
    type __systemge_node_is_missing_above_this_block;
    fn play(
        &self,
        mv: Move,
    ) -> impl ::core::future::Future<Output = Applied> + ::core::marker::Send;
    fn resign(&self) -> impl ::core::future::Future<Output = ()> + ::core::marker::Send;
}
#[automatically_derived]
#[allow(unused_variables, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
impl Game for ::systemge::__private::Declared {
    type __systemge_node_is_missing_above_this_block = GameClient;
    fn play(
        &self,
        mv: Move,
    ) -> impl ::core::future::Future<Output = Applied> + ::core::marker::Send {
        ::core::future::pending()
    }
    fn resign(&self) -> impl ::core::future::Future<Output = ()> + ::core::marker::Send {
        ::core::future::pending()
    }
}
/// The typed caller of the topics of `Game`.
#[allow(dead_code, unreachable_pub)]
pub(crate) struct GameClient {
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
        ::systemge::__private::probe::key_of_topics::<String>();
        true
    };
    /// The client of the `Game` with this key, which is turned into text once, here. A key whose text can't be a part of a topic's name is an error where the client is used.
    pub fn game_player(&self, game: &GameId, player: &str) -> KeyedGameClient
    where
        for<'systemge> GameId: ::systemge::__private::probe::IsKey<
            'systemge,
            { GameClient::__CHECKED_0 },
        >,
        for<'systemge> String: ::systemge::__private::probe::IsKey<
            'systemge,
            { GameClient::__CHECKED_0 },
        >,
    {
        KeyedGameClient {
            core: self
                .core
                .keyed(
                    &[
                        ("game", ::systemge::TopicKey::segment(game)),
                        ("player", ::systemge::TopicKey::segment(player)),
                    ],
                ),
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
pub(crate) struct KeyedGameClient {
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
        ::systemge::__private::probe::shaped_payload::<
            Move,
            {
                #[allow(unused_imports)]
                use ::systemge::__private::probe::NoShape as _;
                ::systemge::__private::probe::Shaped::<Move>::SHAPED
            },
        >();
        ::systemge::__private::probe::shaped_reply::<
            Applied,
            {
                #[allow(unused_imports)]
                use ::systemge::__private::probe::NoShape as _;
                ::systemge::__private::probe::Shaped::<Applied>::SHAPED
            },
        >();
        true
    };
    /// The topic of `Game::play`.
    pub(crate) fn play(
        &self,
        mv: Move,
    ) -> ::systemge::client::Request<'_, Move, Applied, { KeyedGameClient::__CHECKED_0 }>
    where
        for<'systemge> Move: ::systemge::__private::probe::IsPayload<
            'systemge,
            { KeyedGameClient::__CHECKED_0 },
        >,
        for<'systemge> Applied: ::systemge::__private::probe::IsReply<
            'systemge,
            { KeyedGameClient::__CHECKED_0 },
        >,
    {
        self.core
            .request(
                0usize,
                const {
                    &::systemge::Topic::request::<
                        Move,
                        Applied,
                    >("game/{game}/{player}/move")
                },
                mv,
            )
    }
    #[doc(hidden)]
    const __CHECKED_1: bool = { true };
    /// The topic of `Game::resign`.
    pub(crate) fn resign(&self) -> ::systemge::client::OneWay<'_, ()> {
        self.core
            .message(
                1usize,
                const {
                    &::systemge::Topic::one_way::<()>("game/{game}/{player}/resign")
                },
                (),
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
        message = "[SGE0416] the topics of `Game` belong to one `game` and `player`",
        label = "of which `game` and `player`?",
        note = "write `client.game_player(&game, &player)` before the topic"
    )]
    trait OfOneInstance<'a> {}
    #[automatically_derived]
    impl GameClient {
        #[doc(hidden)]
        pub fn play(
            &self,
            value_0: Move,
        ) -> ::systemge::client::Request<'_, Move, Applied>
        where
            for<'systemge> Self: OfOneInstance<'systemge>,
        {
            loop {}
        }
        #[doc(hidden)]
        pub fn resign(&self) -> ::systemge::client::OneWay<'_, ()>
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
        {}
        {}
    }
}
#[automatically_derived]
#[allow(deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
impl GameClient
where
    for<'systemge> Move: ::systemge::__private::probe::IsPayload<'systemge>,
    for<'systemge> Applied: ::systemge::__private::probe::IsReply<'systemge>,
{
    #[doc(hidden)]
    pub const __SYSTEMGE_TOPICS: &'static [::systemge::__private::DeclaredTopic] = &[
        ::systemge::__private::DeclaredTopic::new(
            "play",
            ::systemge::Topic::request::<Move, Applied>("game/{game}/{player}/move"),
            "",
        ),
        ::systemge::__private::DeclaredTopic::new(
            "resign",
            ::systemge::Topic::one_way::<()>("game/{game}/{player}/resign"),
            "",
        ),
    ];
}
/// The topics of the contract [`Game`](trait@Game), which are here whether or not the program handles them.
#[allow(non_upper_case_globals, dead_code, unreachable_pub)]
pub(crate) const Game: ::systemge::Contract = {
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
        &["game", "player"],
        <GameClient>::__SYSTEMGE_TOPICS,
    )
};
#[automatically_derived]
impl ::systemge::__private::ContractKey<0usize> for GameClient {
    type Key = GameId;
}
#[automatically_derived]
impl ::systemge::__private::ContractKey<1usize> for GameClient {
    type Key = String;
}
#[automatically_derived]
impl ::systemge::__private::ContractTopic<0usize> for GameClient {
    const NAME: &'static str = "game/{game}/{player}/move";
    const ALIASES: &'static [&'static str] = &[];
    type Reply = Applied;
}
#[automatically_derived]
impl ::systemge::__private::ContractValue<0usize, 0usize> for GameClient {
    type Value = Move;
}
#[automatically_derived]
impl ::systemge::__private::ContractTopic<1usize> for GameClient {
    const NAME: &'static str = "game/{game}/{player}/resign";
    const ALIASES: &'static [&'static str] = &[];
    type Reply = ();
}
#[doc(hidden)]
#[allow(non_local_definitions, unused_macros)]
macro_rules! __systemge_contract_Game_8c824fb6d93a7e5b {
    ({ $($systemge:tt)* } $($block:tt)*) => {
        $($systemge)* ::__private::implement! { { $($systemge)* } { Game(game, player) {
        0 request false async fn play(& self, mv : Move) -> Applied } { 1 message false
        async fn resign(& self) } } $($block)* }
    };
}
#[doc(hidden)]
#[allow(unused_imports, unreachable_pub)]
pub(crate) use __systemge_contract_Game_8c824fb6d93a7e5b as Game;
