// 1:1: [SGE0008] `node` has no option `cleint`
//   help: did you mean `client`?
// 2:7: [SGE0005] the topic of `nameless` has no name
//   help: write `#[topic("nameless")]`
// 8:22: [SGE0008] `topic` has no option `onway`
//   help: did you mean `oneway`?
// 12:36: [SGE0209] this parameter is borrowed, but what crosses the wire is owned
//   help: write `String`
// 12:42: [SGE0208] a parameter needs a name, not a pattern
//   help: write `_payload: u8`
// 17:7: [SGE0013] `#[topic]` is on something that is no method
//   help: put it on `async fn` or `fn`

impl Life {
    async fn nameless(&self, row: u32) -> Grid {}
    async fn first(&self) {}
    async fn second(&self) {}
    async fn borrowed(&self, text: &str, _: u8) {}
    async fn fine(&self) {}
    const NUMBER: u8 = 1;
}
#[automatically_derived]
#[allow(dead_code, clippy::all, clippy::pedantic, clippy::nursery)]
impl Life {
    #[doc(hidden)]
    const fn __systemge_node_conditions() {
        const _: () = ::systemge::__private::probe::application::<Life>();
    }
}
#[automatically_derived]
#[allow(deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
impl Life
where
    for<'systemge> Life: ::systemge::__private::probe::IsApplication<'systemge>,
{
    #[doc(hidden)]
    pub const __SYSTEMGE_NODE: ::core::option::Option<
        ::systemge::__private::NodeBlock<Self>,
    > = ::core::option::Option::Some(::systemge::__private::NodeBlock {
        exclusive: false,
        names: &["twice", "fine"],
        topics: |table| {
            table
                .message::<
                    (),
                    (),
                    _,
                    _,
                >(
                    "twice",
                    ::systemge::__private::TopicOptions::DEFAULT,
                    |invocation, (): ()| async move {
                        let (state, context) = invocation
                            .open::<::systemge::AnyApplication>();
                        let reply = {
                            let application = state.shared().await;
                            Self::first(&application).await
                        };
                        (reply, ::systemge::__private::Invocation::close(state, context))
                    },
                );
            table
                .message::<
                    (),
                    (),
                    _,
                    _,
                >(
                    "fine",
                    ::systemge::__private::TopicOptions::DEFAULT,
                    |invocation, (): ()| async move {
                        let (state, context) = invocation
                            .open::<::systemge::AnyApplication>();
                        let reply = {
                            let application = state.shared().await;
                            Self::fine(&application).await
                        };
                        (reply, ::systemge::__private::Invocation::close(state, context))
                    },
                );
        },
        on_start: ::core::option::Option::None,
        on_stop: ::core::option::Option::None,
    });
}
/// The typed caller of the topics of `Life`.
#[allow(dead_code, unreachable_pub)]
struct LifeClient {
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
impl LifeClient {
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
    pub fn new(caller: &impl ::systemge::client::Caller) -> Self {
        Self {
            core: ::systemge::__private::ClientCore::new(caller),
            application: ::core::marker::PhantomData,
        }
    }
    #[doc(hidden)]
    const __CHECKED_0: bool = {
        ::systemge::__private::probe::payload::<u32>();
        ::systemge::__private::probe::shaped_reply::<
            Grid,
            {
                #[allow(unused_imports)]
                use ::systemge::__private::probe::NoShape as _;
                ::systemge::__private::probe::Shaped::<Grid>::SHAPED
            },
        >();
        true
    };
    /// The topic of `Life::nameless`.
    fn nameless(
        &self,
        row: u32,
    ) -> ::systemge::client::Request<'_, u32, Grid, { LifeClient::__CHECKED_0 }>
    where
        for<'systemge> Grid: ::systemge::__private::probe::IsReply<
            'systemge,
            { LifeClient::__CHECKED_0 },
        >,
    {
        self.core
            .request(
                0usize,
                const { &::systemge::Topic::request::<u32, Grid>("nameless") },
                row,
            )
    }
    #[doc(hidden)]
    const __CHECKED_1: bool = { true };
    /// The topic of `Life::first`.
    fn first(&self) -> ::systemge::client::OneWay<'_, ()> {
        self.core
            .message(1usize, const { &::systemge::Topic::one_way::<()>("twice") }, ())
    }
    #[doc(hidden)]
    const __CHECKED_2: bool = { true };
    /// The topic of `Life::second`.
    fn second(&self) -> ::systemge::client::OneWay<'_, ()> {
        self.core
            .message(2usize, const { &::systemge::Topic::one_way::<()>("twice") }, ())
    }
    #[doc(hidden)]
    const __CHECKED_3: bool = { true };
    /// The topic of `Life::fine`.
    fn fine(&self) -> ::systemge::client::OneWay<'_, ()> {
        self.core
            .message(3usize, const { &::systemge::Topic::one_way::<()>("fine") }, ())
    }
}
#[automatically_derived]
impl ::core::clone::Clone for LifeClient {
    fn clone(&self) -> Self {
        Self {
            core: ::core::clone::Clone::clone(&self.core),
            application: ::core::marker::PhantomData,
        }
    }
}
#[automatically_derived]
impl ::core::fmt::Debug for LifeClient {
    fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        formatter.debug_struct("LifeClient").finish_non_exhaustive()
    }
}
