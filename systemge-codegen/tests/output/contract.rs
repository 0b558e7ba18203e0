/// A game of two players.
#[allow(
    dead_code,
    unreachable_pub,
    non_camel_case_types,
    clippy::all,
    clippy::pedantic,
    clippy::nursery
)]
pub trait Game {
    #[doc(hidden)]
    type __systemge_node_is_missing_above_this_block;
    /// Plays a move.
    fn play(
        &self,
        mv: Move,
        thought: Option<Duration>,
    ) -> impl ::core::future::Future<
        Output = Result<Applied, IllegalMove>,
    > + ::core::marker::Send;
    #[deprecated]
    fn resign(
        &self,
        player: String,
    ) -> impl ::core::future::Future<Output = ()> + ::core::marker::Send;
    #[cfg(feature = "clock")]
    fn clock(
        &self,
        tick: Tick,
    ) -> impl ::core::future::Future<
        Output = Result<(), ClockError>,
    > + ::core::marker::Send;
    fn ready(&self) -> ();
}
#[automatically_derived]
#[allow(unused_variables, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
impl Game for ::systemge::__private::Declared {
    type __systemge_node_is_missing_above_this_block = GameClient;
    fn play(
        &self,
        mv: Move,
        thought: Option<Duration>,
    ) -> impl ::core::future::Future<
        Output = Result<Applied, IllegalMove>,
    > + ::core::marker::Send {
        ::core::future::pending()
    }
    fn resign(
        &self,
        player: String,
    ) -> impl ::core::future::Future<Output = ()> + ::core::marker::Send {
        ::core::future::pending()
    }
    #[cfg(feature = "clock")]
    fn clock(
        &self,
        tick: Tick,
    ) -> impl ::core::future::Future<
        Output = Result<(), ClockError>,
    > + ::core::marker::Send {
        ::core::future::pending()
    }
    fn ready(&self) -> () {
        loop {}
    }
}
/// The typed caller of the topics of `Game`.
#[allow(dead_code, unreachable_pub)]
pub struct GameClient {
    core: ::systemge::__private::ClientCore<4usize>,
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
        ::systemge::__private::probe::shaped_payload::<
            Move,
            {
                #[allow(unused_imports)]
                use ::systemge::__private::probe::NoShape as _;
                ::systemge::__private::probe::Shaped::<Move>::SHAPED
            },
        >();
        ::systemge::__private::probe::shaped_payload::<
            Option<Duration>,
            {
                #[allow(unused_imports)]
                use ::systemge::__private::probe::NoShape as _;
                ::systemge::__private::probe::Shaped::<Option<Duration>>::SHAPED
            },
        >();
        ::systemge::__private::probe::shaped_payload::<
            Applied,
            {
                #[allow(unused_imports)]
                use ::systemge::__private::probe::NoShape as _;
                ::systemge::__private::probe::Shaped::<Applied>::SHAPED
            },
        >();
        ::systemge::__private::probe::shaped_wire_error::<
            IllegalMove,
            {
                #[allow(unused_imports)]
                use ::systemge::__private::probe::NoShape as _;
                ::systemge::__private::probe::Shaped::<IllegalMove>::SHAPED
            },
        >();
        true
    };
    /// Plays a move.
    pub fn play(
        &self,
        mv: Move,
        thought: Option<Duration>,
    ) -> ::systemge::client::Request<
        '_,
        (Move, Option<Duration>),
        Result<Applied, IllegalMove>,
        { GameClient::__CHECKED_0 },
    >
    where
        for<'systemge> Move: ::systemge::__private::probe::IsPayload<
            'systemge,
            { GameClient::__CHECKED_0 },
        >,
        for<'systemge> Option<
            Duration,
        >: ::systemge::__private::probe::IsPayload<
            'systemge,
            { GameClient::__CHECKED_0 },
        >,
        for<'systemge> Applied: ::systemge::__private::probe::IsPayload<
            'systemge,
            { GameClient::__CHECKED_0 },
        >,
        for<'systemge> IllegalMove: ::systemge::__private::probe::IsWireError<
            'systemge,
            { GameClient::__CHECKED_0 },
        >,
    {
        self.core
            .request(
                0usize,
                const {
                    &::systemge::Topic::request::<
                        (Move, Option<Duration>),
                        Result<Applied, IllegalMove>,
                    >("move")
                },
                (mv, thought),
            )
    }
    #[doc(hidden)]
    const __CHECKED_1: bool = {
        ::systemge::__private::probe::payload::<String>();
        true
    };
    /// The topic of `Game::resign`.
    #[deprecated]
    pub fn resign(&self, player: String) -> ::systemge::client::OneWay<'_, String> {
        self.core
            .message(
                1usize,
                const { &::systemge::Topic::one_way::<String>("resign") },
                player,
            )
    }
    #[cfg(feature = "clock")]
    #[doc(hidden)]
    const __CHECKED_2: bool = {
        ::systemge::__private::probe::shaped_payload::<
            Tick,
            {
                #[allow(unused_imports)]
                use ::systemge::__private::probe::NoShape as _;
                ::systemge::__private::probe::Shaped::<Tick>::SHAPED
            },
        >();
        true
    };
    #[cfg(feature = "clock")]
    /// The topic of `Game::clock`.
    pub fn clock(
        &self,
        tick: Tick,
    ) -> ::systemge::client::OneWay<'_, Tick, { GameClient::__CHECKED_2 }>
    where
        for<'systemge> Tick: ::systemge::__private::probe::IsPayload<
            'systemge,
            { GameClient::__CHECKED_2 },
        >,
    {
        self.core
            .message(
                2usize,
                const { &::systemge::Topic::one_way::<Tick>(names::CLOCK) },
                tick,
            )
    }
    #[doc(hidden)]
    const __CHECKED_3: bool = { true };
    /// The topic of `Game::ready`.
    pub fn ready(&self) -> ::systemge::client::Request<'_, (), ()> {
        self.core
            .request(
                3usize,
                const { &::systemge::Topic::request::<(), ()>("ready") },
                (),
            )
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
#[automatically_derived]
#[allow(dead_code, clippy::all, clippy::pedantic, clippy::nursery)]
impl GameClient {
    #[doc(hidden)]
    const fn __systemge_contract_conditions() {
        {}
        {}
        #[cfg(feature = "clock")]
        {
            const _: () = ::systemge::__private::probe::one_way_reply::<
                Result<(), ClockError>,
            >();
        }
        {}
        {}
        {}
        #[cfg(feature = "clock")]
        {
            const _: () = ::systemge::__private::check_keyed_topic_name(
                names::CLOCK,
                &[],
            );
        }
        {}
    }
}
#[automatically_derived]
#[allow(deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
impl GameClient
where
    for<'systemge> Move: ::systemge::__private::probe::IsPayload<'systemge>,
    for<'systemge> Option<Duration>: ::systemge::__private::probe::IsPayload<'systemge>,
    for<'systemge> Applied: ::systemge::__private::probe::IsPayload<'systemge>,
    for<'systemge> IllegalMove: ::systemge::__private::probe::IsWireError<'systemge>,
{
    #[doc(hidden)]
    pub const __SYSTEMGE_TOPICS: &'static [::systemge::__private::DeclaredTopic] = &[
        ::systemge::__private::DeclaredTopic::new(
            "play",
            ::systemge::Topic::request::<
                (Move, Option<Duration>),
                Result<Applied, IllegalMove>,
            >("move"),
            "Plays a move.",
        ),
        ::systemge::__private::DeclaredTopic::new(
            "resign",
            ::systemge::Topic::one_way::<String>("resign"),
            "",
        ),
        #[cfg(feature = "clock")]
        ::systemge::__private::DeclaredTopic::new(
            "clock",
            ::systemge::Topic::one_way::<Tick>(names::CLOCK),
            "",
        ),
        ::systemge::__private::DeclaredTopic::new(
            "ready",
            ::systemge::Topic::request::<(), ()>("ready"),
            "",
        ),
    ];
}
/// The topics of the contract [`Game`](trait@Game), which are here whether or not the program handles them.
#[allow(non_upper_case_globals, dead_code, unreachable_pub)]
pub const Game: ::systemge::Contract = {
    #[allow(unused_imports)]
    use ::systemge::__private::NoTopics as _;
    let declared = ::systemge::__private::Declaration {
        package: ::core::option_env!("CARGO_PKG_NAME"),
        version: ::core::option_env!("CARGO_PKG_VERSION"),
        file: ::core::file!(),
        line: ::core::line!(),
        module: ::core::module_path!(),
    };
    ::systemge::Contract::new("Game", declared, &[], <GameClient>::__SYSTEMGE_TOPICS)
};
#[automatically_derived]
impl ::systemge::__private::ContractTopic<0usize> for GameClient {
    const NAME: &'static str = "move";
    const ALIASES: &'static [&'static str] = &["play"];
    type Reply = Result<Applied, IllegalMove>;
}
#[automatically_derived]
impl ::systemge::__private::ContractValue<0usize, 0usize> for GameClient {
    type Value = Move;
}
#[automatically_derived]
impl ::systemge::__private::ContractValue<0usize, 1usize> for GameClient {
    type Value = Option<Duration>;
}
#[automatically_derived]
impl ::systemge::__private::ContractTopic<1usize> for GameClient {
    const NAME: &'static str = "resign";
    const ALIASES: &'static [&'static str] = &[];
    type Reply = ();
}
#[automatically_derived]
impl ::systemge::__private::ContractValue<1usize, 0usize> for GameClient {
    type Value = String;
}
#[cfg(feature = "clock")]
#[automatically_derived]
impl ::systemge::__private::ContractTopic<2usize> for GameClient {
    const NAME: &'static str = names::CLOCK;
    const ALIASES: &'static [&'static str] = &[];
    type Reply = Result<(), ClockError>;
}
#[cfg(feature = "clock")]
#[automatically_derived]
impl ::systemge::__private::ContractValue<2usize, 0usize> for GameClient {
    type Value = Tick;
}
#[automatically_derived]
impl ::systemge::__private::ContractTopic<3usize> for GameClient {
    const NAME: &'static str = "ready";
    const ALIASES: &'static [&'static str] = &[];
    type Reply = ();
}
#[doc(hidden)]
#[allow(non_local_definitions, unused_macros)]
#[macro_export]
macro_rules! __systemge_contract_Game_3ea8db46e8100f1f {
    ({ $($systemge:tt)* } $($block:tt)*) => {
        $($systemge)* ::__private::implement! { { $($systemge)* } { Game() { 0 request
        false async fn play(& self, mv : Move, thought : Option < Duration >) -> Result <
        Applied, IllegalMove > } { 1 message false async fn resign(& self, player :
        String) } { 2 message true async fn clock(& self, tick : Tick) -> Result < (),
        ClockError > } { 3 request false fn ready(& self) } } $($block)* }
    };
}
#[doc(hidden)]
#[allow(unused_imports, unreachable_pub)]
pub use __systemge_contract_Game_3ea8db46e8100f1f as Game;
