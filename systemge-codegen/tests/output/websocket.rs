impl Gateway {
    async fn joined(&self, client: &WsClient, ctx: &Context) {}
    async fn change(
        &mut self,
        client: &WsClient,
        change: GridChange,
        ctx: &Context,
    ) -> Result<()> {}
    fn ping(&self) {}
    #[cfg(feature = "left")]
    async fn left(&self, client: &WsClient) {}
}
#[automatically_derived]
#[allow(dead_code, clippy::all, clippy::pedantic, clippy::nursery)]
impl Gateway {
    #[doc(hidden)]
    const fn __systemge_websocket_conditions() {
        const _: () = ::systemge::__private::probe::application::<Gateway>();
        {
            const _: () = ::systemge::__private::probe::browser_payload::<GridChange>();
            const _: () = ::systemge::__private::probe::one_way_reply::<Result<()>>();
        }
    }
}
#[automatically_derived]
#[allow(deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
impl Gateway
where
    for<'systemge> Gateway: ::systemge::__private::probe::IsApplication<'systemge>,
    for<'systemge> GridChange: ::systemge::__private::probe::IsBrowserPayload<'systemge>,
    for<'systemge> Result<()>: ::systemge::__private::probe::IsOneWayReply<'systemge>,
    for<'systemge> Grid: ::systemge::__private::probe::IsPushPayload<'systemge>,
{
    #[doc(hidden)]
    pub const __SYSTEMGE_WEBSOCKET: ::core::option::Option<
        ::systemge::__private::WebSocketBlock<Self>,
    > = ::core::option::Option::Some(::systemge::__private::WebSocketBlock {
        exclusive: true,
        topics: |table| {
            table
                .topic::<
                    GridChange,
                    _,
                    _,
                >(
                    "gridChange",
                    |invocation, client, value_0: GridChange| async move {
                        let (state, context) = invocation.open::<_>();
                        let reply = {
                            let mut application = state.exclusive().await;
                            Self::change(&mut application, &client, value_0, &context)
                                .await
                        };
                        let _ = (state, context, client);
                        ::systemge::payload::OneWayReply::into_result(reply)
                    },
                );
            table
                .topic::<
                    (),
                    _,
                    _,
                >(
                    "ping",
                    |invocation, client, (): ()| async move {
                        let (state, context) = invocation
                            .open::<::systemge::AnyApplication>();
                        let reply = {
                            let application = state.shared().await;
                            Self::ping(&application)
                        };
                        let _ = (state, context, client);
                        ::systemge::payload::OneWayReply::into_result(reply)
                    },
                );
        },
        on_connect: ::core::option::Option::Some(|invocation, client| ::std::boxed::Box::pin(async move {
            let (state, context) = invocation.open::<_>();
            let reply = {
                let application = state.shared().await;
                Self::joined(&application, &client, &context).await
            };
            let _ = (state, context);
            ::systemge::payload::OneWayReply::into_result(reply)
        })),
        on_disconnect: {
            let hook: ::core::option::Option<
                fn(
                    ::systemge::__private::Invocation<Self>,
                    ::systemge::websocket::WsClient,
                ) -> ::systemge::__private::BoxFuture<
                    'static,
                    ::systemge::__private::HookResult,
                >,
            > = ::core::option::Option::None;
            #[cfg(feature = "left")]
            let hook: ::core::option::Option<
                fn(
                    ::systemge::__private::Invocation<Self>,
                    ::systemge::websocket::WsClient,
                ) -> ::systemge::__private::BoxFuture<
                    'static,
                    ::systemge::__private::HookResult,
                >,
            > = ::core::option::Option::Some(|invocation, client| ::std::boxed::Box::pin(async move {
                let (state, context) = invocation.open::<::systemge::AnyApplication>();
                let reply = {
                    let application = state.shared().await;
                    Self::left(&application, &client).await
                };
                let _ = (state, context);
                ::systemge::payload::OneWayReply::into_result(reply)
            }));
            hook
        },
    });
}
/// What `Gateway` pushes to browsers: methods of `ctx.websocket()` in its handlers.
#[allow(
    dead_code,
    unreachable_pub,
    private_bounds,
    private_interfaces,
    clippy::all,
    clippy::pedantic,
    clippy::nursery
)]
pub trait GatewayPushes: ::systemge::__private::Pusher {
    /// The grid.
    fn show(&self, grid: &Grid) -> ::systemge::websocket::Push
    where
        for<'systemge> Grid: ::systemge::__private::probe::IsPushPayload<
            'systemge,
            { <Gateway>::__CHECKED_0 },
        >,
    {
        ::systemge::__private::Pusher::push_declared::<Gateway, _>(self, "grid", grid)
    }
    #[cfg(feature = "left")]
    /// Pushes the topic `left` to browsers.
    fn left_us(&self, id: ClientId, reason: &str) -> ::systemge::websocket::Push
    where
        for<'systemge> ClientId: ::systemge::__private::probe::IsPushPayload<
            'systemge,
            { <Gateway>::__CHECKED_1 },
        >,
        for<'systemge> str: ::systemge::__private::probe::IsPushPayload<
            'systemge,
            { <Gateway>::__CHECKED_1 },
        >,
    {
        ::systemge::__private::Pusher::push_declared::<
            Gateway,
            _,
        >(self, "left", &(id, reason))
    }
}
#[automatically_derived]
#[allow(dead_code, clippy::all, clippy::pedantic, clippy::nursery)]
impl Gateway {
    #[doc(hidden)]
    const __CHECKED_0: bool = {
        ::systemge::__private::probe::push_payload::<Grid>();
        true
    };
    #[cfg(feature = "left")]
    #[doc(hidden)]
    const __CHECKED_1: bool = {
        ::systemge::__private::probe::push_payload::<ClientId>();
        ::systemge::__private::probe::push_payload::<str>();
        true
    };
}
#[automatically_derived]
impl GatewayPushes for ::systemge::websocket::WebSocket<Gateway> {}
#[automatically_derived]
impl GatewayPushes for ::systemge::websocket::WebSocket {}
