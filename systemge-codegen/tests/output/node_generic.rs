impl<T: Payload, const N: usize> Store<T, N>
where
    T: Clone,
{
    async fn get(&self) -> Page<Self, T> {
        self.value.clone()
    }
}
#[automatically_derived]
#[allow(dead_code, clippy::all, clippy::pedantic, clippy::nursery)]
impl<T: Payload, const N: usize> Store<T, N>
where
    T: Clone,
{
    #[doc(hidden)]
    const fn __systemge_named_node_parameters() {
        crate::net::__private::probe::application_parameter::<T>();
    }
    #[doc(hidden)]
    const fn __systemge_named_node_conditions()
    where
        T: ::core::marker::Send + ::core::marker::Sync + 'static,
    {
        crate::net::__private::probe::application::<Store<T, N>>();
        {
            crate::net::__private::probe::reply::<Page<Self, T>>();
        }
    }
}
#[automatically_derived]
#[allow(deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
impl<T: Payload, const N: usize> Store<T, N>
where
    T: Clone,
    for<'systemge> Store<T, N>: crate::net::__private::probe::IsApplication<'systemge>,
    for<'systemge> Page<Self, T>: crate::net::__private::probe::IsReply<'systemge>,
{
    #[doc(hidden)]
    pub const __SYSTEMGE_NAMED_NODE: ::core::option::Option<
        crate::net::__private::NodeBlock<Self>,
    > = ::core::option::Option::Some(crate::net::__private::NodeBlock {
        exclusive: false,
        names: &["get"],
        topics: |table| {
            table
                .request::<
                    (),
                    Page<Self, T>,
                    _,
                    _,
                >(
                    "get",
                    crate::net::__private::TopicOptions::DEFAULT,
                    |invocation, (): ()| async move {
                        let (state, context) = invocation
                            .open::<crate::net::AnyApplication>();
                        let reply = {
                            let application = state.shared().await;
                            Self::get(&application).await
                        };
                        (reply, crate::net::__private::Invocation::close(state, context))
                    },
                );
        },
        on_start: ::core::option::Option::None,
        on_stop: ::core::option::Option::None,
    });
}
/// The typed caller of the topics of `Store`.
#[allow(dead_code, unreachable_pub)]
struct StoreCaller<T: Payload, const N: usize>
where
    T: Clone,
{
    core: crate::net::__private::ClientCore<1usize>,
    application: ::core::marker::PhantomData<fn() -> (T,)>,
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
impl<T: Payload, const N: usize> StoreCaller<T, N>
where
    T: Clone,
{
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
    pub fn new(caller: &impl crate::net::client::Caller) -> Self {
        Self {
            core: crate::net::__private::ClientCore::new(caller),
            application: ::core::marker::PhantomData,
        }
    }
    /// The topic of `Store::get`.
    fn get(&self) -> crate::net::client::Request<'_, (), Page<Store<T, N>, T>>
    where
        for<'systemge> Page<
            Store<T, N>,
            T,
        >: crate::net::__private::probe::IsReply<'systemge>,
    {
        self.core
            .request(
                0usize,
                const { &crate::net::Topic::request::<(), Page<Store<T, N>, T>>("get") },
                (),
            )
    }
}
#[automatically_derived]
impl<T: Payload, const N: usize> ::core::clone::Clone for StoreCaller<T, N>
where
    T: Clone,
{
    fn clone(&self) -> Self {
        Self {
            core: ::core::clone::Clone::clone(&self.core),
            application: ::core::marker::PhantomData,
        }
    }
}
#[automatically_derived]
impl<T: Payload, const N: usize> ::core::fmt::Debug for StoreCaller<T, N>
where
    T: Clone,
{
    fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        formatter.debug_struct("StoreCaller").finish_non_exhaustive()
    }
}
