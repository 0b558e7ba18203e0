/// Conway's game.
impl Life {
    /// The whole grid.
    pub async fn grid(&self) -> Grid {
        self.grid.clone()
    }
    async fn set(&mut self, cells: String, ctx: &Context) -> Result<(), GridError> {
        self.replace(cells, ctx)
    }
    #[cfg(feature = "cells")]
    #[deprecated(note = "ask for the grid")]
    pub(crate) fn cell(
        &self,
        row: u32,
        ctx: &Context<Self>,
        column: u32,
    ) -> Result<Option<Cell>, GridError> {
        self.at(row, column)
    }
    fn search(&mut self, word: String) -> Vec<String> {
        self.words(word)
    }
    async fn fetch(&self) -> Vec<String> {
        self.far_away().await
    }
    async fn start(&mut self, ctx: &Context) -> Result<()> {
        Ok(())
    }
    fn stop(&self) {}
    fn helper(&self) {}
}
#[automatically_derived]
#[allow(dead_code, clippy::all, clippy::pedantic, clippy::nursery)]
impl Life {
    #[doc(hidden)]
    const fn __systemge_node_conditions() {
        const _: () = ::systemge::__private::probe::application::<Life>();
        {
            const _: () = ::systemge::__private::probe::one_way_reply::<
                Result<(), GridError>,
            >();
        }
        {
            const _: () = ::systemge::__private::probe::one_way_reply::<Result<()>>();
        }
    }
}
#[automatically_derived]
#[allow(deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
impl Life
where
    for<'systemge> Life: ::systemge::__private::probe::IsApplication<'systemge>,
    for<'systemge> Grid: ::systemge::__private::probe::IsReply<'systemge>,
    for<'systemge> Result<
        (),
        GridError,
    >: ::systemge::__private::probe::IsOneWayReply<'systemge>,
    for<'systemge> Vec<String>: ::systemge::__private::probe::IsReply<'systemge>,
    for<'systemge> Result<()>: ::systemge::__private::probe::IsOneWayReply<'systemge>,
{
    #[doc(hidden)]
    pub const __SYSTEMGE_NODE: ::core::option::Option<
        ::systemge::__private::NodeBlock<Self>,
    > = ::core::option::Option::Some(::systemge::__private::NodeBlock {
        exclusive: true,
        names: &[
            "getGrid",
            "setGrid",
            #[cfg(feature = "cells")]
            NAMES_CELL,
            "search",
            "find",
            <Life>::FIND,
            "fetch",
        ],
        topics: |table| {
            table
                .request::<
                    (),
                    Grid,
                    _,
                    _,
                >(
                    "getGrid",
                    ::systemge::__private::TopicOptions::DEFAULT,
                    |invocation, (): ()| async move {
                        let (state, context) = invocation
                            .open::<::systemge::AnyApplication>();
                        let reply = {
                            let application = state.shared().await;
                            Self::grid(&application).await
                        };
                        (reply, ::systemge::__private::Invocation::close(state, context))
                    },
                );
            table
                .message::<
                    String,
                    Result<(), GridError>,
                    _,
                    _,
                >(
                    "setGrid",
                    ::systemge::__private::TopicOptions {
                        exclusive: true,
                        ..::systemge::__private::TopicOptions::DEFAULT
                    },
                    |invocation, value_0: String| async move {
                        let (state, context) = invocation.open::<_>();
                        let reply = {
                            let mut application = state.exclusive().await;
                            Self::set(&mut application, value_0, &context).await
                        };
                        (reply, ::systemge::__private::Invocation::close(state, context))
                    },
                );
            #[cfg(feature = "cells")]
            table
                .request::<
                    (u32, u32),
                    Result<Option<Cell>, GridError>,
                    _,
                    _,
                >(
                    {
                        const _: () = ::systemge::__private::check_topic_name(
                            NAMES_CELL,
                        );
                        NAMES_CELL
                    },
                    ::systemge::__private::TopicOptions {
                        spawn: true,
                        ..::systemge::__private::TopicOptions::DEFAULT
                    },
                    |invocation, (value_0, value_1): (u32, u32)| async move {
                        let (state, context) = invocation.open::<_>();
                        let reply = {
                            let application = state.shared().await;
                            Self::cell(&application, value_0, &context, value_1)
                        };
                        (reply, ::systemge::__private::Invocation::close(state, context))
                    },
                );
            table
                .request::<
                    String,
                    Vec<String>,
                    _,
                    _,
                >(
                    "search",
                    ::systemge::__private::TopicOptions {
                        exclusive: true,
                        aliases: &[
                            "find",
                            {
                                const _: () = ::systemge::__private::check_topic_name(
                                    <Life>::FIND,
                                );
                                <Life>::FIND
                            },
                        ],
                        ..::systemge::__private::TopicOptions::DEFAULT
                    },
                    |invocation, value_0: String| ::systemge::__private::blocking(
                        invocation,
                        move |invocation: ::systemge::__private::Invocation<Self>| {
                            let (state, context) = invocation
                                .open::<::systemge::AnyApplication>();
                            let reply = {
                                let mut application = state.blocking_exclusive();
                                Self::search(&mut application, value_0)
                            };
                            (
                                reply,
                                ::systemge::__private::Invocation::close(state, context),
                            )
                        },
                    ),
                );
            table
                .request::<
                    (),
                    Vec<String>,
                    _,
                    _,
                >(
                    "fetch",
                    ::systemge::__private::TopicOptions {
                        spawn: true,
                        timeout: ::core::option::Option::Some(
                            ::core::time::Duration::new(1u64, 500000000u32),
                        ),
                        ..::systemge::__private::TopicOptions::DEFAULT
                    },
                    |invocation, (): ()| async move {
                        let (state, context) = invocation
                            .open::<::systemge::AnyApplication>();
                        let reply = {
                            let application = state.shared().await;
                            Self::fetch(&application).await
                        };
                        (reply, ::systemge::__private::Invocation::close(state, context))
                    },
                );
        },
        on_start: ::core::option::Option::Some(|invocation| ::std::boxed::Box::pin(async move {
            let (state, context) = invocation.open::<_>();
            let reply = {
                let mut application = state.exclusive().await;
                Self::start(&mut application, &context).await
            };
            let _ = (state, context);
            ::systemge::payload::OneWayReply::into_result(reply)
        })),
        on_stop: ::core::option::Option::Some(|invocation| ::std::boxed::Box::pin(async move {
            let (state, context) = invocation.open::<::systemge::AnyApplication>();
            let reply = {
                let application = state.shared().await;
                Self::stop(&application)
            };
            let _ = (state, context);
            ::systemge::payload::OneWayReply::into_result(reply)
        })),
    });
}
#[automatically_derived]
impl ::systemge::__private::probe::OneHandlerForEachTopic<
    { ::systemge::__private::probe::topic_key("getGrid") },
> for Life {}
#[automatically_derived]
impl ::systemge::__private::probe::OneHandlerForEachTopic<
    { ::systemge::__private::probe::topic_key("setGrid") },
> for Life {}
#[cfg(feature = "cells")]
#[automatically_derived]
impl ::systemge::__private::probe::OneHandlerForEachTopic<
    { ::systemge::__private::probe::topic_key(NAMES_CELL) },
> for Life {}
#[automatically_derived]
impl ::systemge::__private::probe::OneHandlerForEachTopic<
    { ::systemge::__private::probe::topic_key("search") },
> for Life {}
#[automatically_derived]
impl ::systemge::__private::probe::OneHandlerForEachTopic<
    { ::systemge::__private::probe::topic_key("find") },
> for Life {}
#[automatically_derived]
impl ::systemge::__private::probe::OneHandlerForEachTopic<
    { ::systemge::__private::probe::topic_key(<Life>::FIND) },
> for Life {}
#[automatically_derived]
impl ::systemge::__private::probe::OneHandlerForEachTopic<
    { ::systemge::__private::probe::topic_key("fetch") },
> for Life {}
/// The typed caller of the topics of `Life`.
#[allow(dead_code, unreachable_pub)]
pub struct LifeClient {
    core: ::systemge::__private::ClientCore<5usize>,
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
    /// The whole grid.
    pub fn grid(
        &self,
    ) -> ::systemge::client::Request<'_, (), Grid, { LifeClient::__CHECKED_0 }>
    where
        for<'systemge> Grid: ::systemge::__private::probe::IsReply<
            'systemge,
            { LifeClient::__CHECKED_0 },
        >,
    {
        self.core
            .request(
                0usize,
                const { &::systemge::Topic::request::<(), Grid>("getGrid") },
                (),
            )
    }
    #[doc(hidden)]
    const __CHECKED_1: bool = {
        ::systemge::__private::probe::payload::<String>();
        true
    };
    /// The topic of `Life::set`.
    fn set(&self, cells: String) -> ::systemge::client::OneWay<'_, String> {
        self.core
            .message(
                1usize,
                const { &::systemge::Topic::one_way::<String>("setGrid") },
                cells,
            )
    }
    #[cfg(feature = "cells")]
    #[doc(hidden)]
    const __CHECKED_2: bool = {
        ::systemge::__private::probe::payload::<u32>();
        ::systemge::__private::probe::payload::<u32>();
        ::systemge::__private::probe::shaped_payload::<
            Option<Cell>,
            {
                #[allow(unused_imports)]
                use ::systemge::__private::probe::NoShape as _;
                ::systemge::__private::probe::Shaped::<Option<Cell>>::SHAPED
            },
        >();
        ::systemge::__private::probe::shaped_wire_error::<
            GridError,
            {
                #[allow(unused_imports)]
                use ::systemge::__private::probe::NoShape as _;
                ::systemge::__private::probe::Shaped::<GridError>::SHAPED
            },
        >();
        true
    };
    #[cfg(feature = "cells")]
    /// The topic of `Life::cell`.
    #[deprecated(note = "ask for the grid")]
    pub(crate) fn cell(
        &self,
        row: u32,
        column: u32,
    ) -> ::systemge::client::Request<
        '_,
        (u32, u32),
        Result<Option<Cell>, GridError>,
        { LifeClient::__CHECKED_2 },
    >
    where
        for<'systemge> Option<
            Cell,
        >: ::systemge::__private::probe::IsPayload<
            'systemge,
            { LifeClient::__CHECKED_2 },
        >,
        for<'systemge> GridError: ::systemge::__private::probe::IsWireError<
            'systemge,
            { LifeClient::__CHECKED_2 },
        >,
    {
        self.core
            .request(
                2usize,
                const {
                    &::systemge::Topic::request::<
                        (u32, u32),
                        Result<Option<Cell>, GridError>,
                    >(NAMES_CELL)
                },
                (row, column),
            )
    }
    #[doc(hidden)]
    const __CHECKED_3: bool = LifeClient::__CHECKED_1
        && {
            ::systemge::__private::probe::shaped_reply::<
                Vec<String>,
                {
                    #[allow(unused_imports)]
                    use ::systemge::__private::probe::NoShape as _;
                    ::systemge::__private::probe::Shaped::<Vec<String>>::SHAPED
                },
            >();
            true
        };
    /// The topic of `Life::search`.
    fn search(
        &self,
        word: String,
    ) -> ::systemge::client::Request<
        '_,
        String,
        Vec<String>,
        { LifeClient::__CHECKED_3 },
    >
    where
        for<'systemge> Vec<
            String,
        >: ::systemge::__private::probe::IsReply<'systemge, { LifeClient::__CHECKED_3 }>,
    {
        self.core
            .request(
                3usize,
                const { &::systemge::Topic::request::<String, Vec<String>>("search") },
                word,
            )
    }
    #[doc(hidden)]
    const __CHECKED_4: bool = LifeClient::__CHECKED_3 && { true };
    /// The topic of `Life::fetch`.
    fn fetch(
        &self,
    ) -> ::systemge::client::Request<'_, (), Vec<String>, { LifeClient::__CHECKED_4 }>
    where
        for<'systemge> Vec<
            String,
        >: ::systemge::__private::probe::IsReply<'systemge, { LifeClient::__CHECKED_4 }>,
    {
        self.core
            .request(
                4usize,
                const { &::systemge::Topic::request::<(), Vec<String>>("fetch") },
                (),
            )
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
