#[doc(hidden)]
#[allow(
    dead_code,
    non_camel_case_types,
    async_fn_in_trait,
    private_interfaces,
    deprecated,
    clippy::all,
    clippy::pedantic,
    clippy::nursery
)]
trait __Systemge_shared__Game_for_Chess: ::core::marker::Sized {
    async fn play(
        &mut self,
        mv: Move,
        ctx: &Context<Chess>,
    ) -> Result<Applied, IllegalMove>;
    async fn resign(&self, player: String);
    fn start(&self);
}
impl __Systemge_shared__Game_for_Chess for Chess {
    async fn play(
        &mut self,
        mv: Move,
        ctx: &Context<Self>,
    ) -> Result<Applied, IllegalMove> {
        self.apply(mv, ctx.node_name())
    }
    async fn resign(&self, player: String) {
        println!("{player} gives up");
    }
    fn start(&self) {}
}
#[automatically_derived]
#[allow(dead_code, clippy::all, clippy::pedantic, clippy::nursery)]
impl ::systemge::__private::HandlesContractConditions<{ shared::Game.key() }> for Chess {
    fn conditions() {
        const _: () = ::systemge::__private::probe::listed::<
            Chess,
            { shared::Game.key() },
        >();
        {
            #[diagnostic::on_unimplemented(
                message = "[SGE0111] the topics of `Game` are named by a key `game`, but `{Self}` has no field `#[key] game: {T}`",
                label = "there is no `#[key] game: {T}` in it",
                note = "put `#[key]` on the field `game` of `{Self}`; it is read when the node is made"
            )]
            trait HasKey<T> {}
            #[diagnostic::do_not_recommend]
            impl<
                A: ::systemge::__private::KeyField<
                        { ::systemge::__private::probe::topic_key("game") },
                        T,
                    >,
                T,
            > HasKey<T> for A {}
            const fn ask<A: HasKey<T>, T>() {}
            const _: () = ask::<
                Chess,
                <<::systemge::__private::Declared as shared::Game>::__systemge_node_is_missing_above_this_block as ::systemge::__private::ContractKey<
                    0usize,
                >>::Key,
            >();
        }
        {
            const _: () = ::systemge::__private::probe::of_contract::<
                Move,
                <<::systemge::__private::Declared as shared::Game>::__systemge_node_is_missing_above_this_block as ::systemge::__private::ContractValue<
                    0usize,
                    0usize,
                >>::Value,
            >();
            const _: () = ::systemge::__private::probe::of_contract::<
                Result<Applied, IllegalMove>,
                <<::systemge::__private::Declared as shared::Game>::__systemge_node_is_missing_above_this_block as ::systemge::__private::ContractTopic<
                    0usize,
                >>::Reply,
            >();
        }
        {
            const _: () = ::systemge::__private::probe::of_contract::<
                String,
                <<::systemge::__private::Declared as shared::Game>::__systemge_node_is_missing_above_this_block as ::systemge::__private::ContractValue<
                    1usize,
                    0usize,
                >>::Value,
            >();
        }
        {}
    }
}
#[automatically_derived]
#[allow(
    deprecated,
    non_upper_case_globals,
    clippy::all,
    clippy::pedantic,
    clippy::nursery
)]
impl Chess
where
    for<'systemge> Chess: ::systemge::__private::probe::IsApplication<'systemge>,
    for<'systemge> Move: ::systemge::__private::probe::IsPayload<'systemge>,
    for<'systemge> Applied: ::systemge::__private::probe::IsPayload<'systemge>,
    for<'systemge> IllegalMove: ::systemge::__private::probe::IsWireError<'systemge>,
{
    #[doc(hidden)]
    const __Systemge_shared__Game_for_Chess_BLOCK: ::core::option::Option<
        ::systemge::__private::NodeBlock<Self>,
    > = ::core::option::Option::Some(::systemge::__private::NodeBlock {
        exclusive: true,
        names: &[
            <<::systemge::__private::Declared as shared::Game>::__systemge_node_is_missing_above_this_block as ::systemge::__private::ContractTopic<
                0usize,
            >>::NAME,
            <<::systemge::__private::Declared as shared::Game>::__systemge_node_is_missing_above_this_block as ::systemge::__private::ContractTopic<
                1usize,
            >>::NAME,
        ],
        topics: |table| {
            table
                .request::<
                    Move,
                    Result<Applied, IllegalMove>,
                    _,
                    _,
                >(
                    <<::systemge::__private::Declared as shared::Game>::__systemge_node_is_missing_above_this_block as ::systemge::__private::ContractTopic<
                        0usize,
                    >>::NAME,
                    ::systemge::__private::TopicOptions {
                        aliases: <<::systemge::__private::Declared as shared::Game>::__systemge_node_is_missing_above_this_block as ::systemge::__private::ContractTopic<
                            0usize,
                        >>::ALIASES,
                        exclusive: true,
                        ..::systemge::__private::TopicOptions::DEFAULT
                    },
                    |invocation, value_0: Move| async move {
                        let (state, context) = invocation.open::<_>();
                        let reply = {
                            let mut application = state.exclusive().await;
                            <Self as __Systemge_shared__Game_for_Chess>::play(
                                    &mut application,
                                    value_0,
                                    &context,
                                )
                                .await
                        };
                        (reply, ::systemge::__private::Invocation::close(state, context))
                    },
                );
            table
                .message::<
                    String,
                    (),
                    _,
                    _,
                >(
                    <<::systemge::__private::Declared as shared::Game>::__systemge_node_is_missing_above_this_block as ::systemge::__private::ContractTopic<
                        1usize,
                    >>::NAME,
                    ::systemge::__private::TopicOptions {
                        aliases: <<::systemge::__private::Declared as shared::Game>::__systemge_node_is_missing_above_this_block as ::systemge::__private::ContractTopic<
                            1usize,
                        >>::ALIASES,
                        spawn: true,
                        timeout: ::core::option::Option::Some(
                            ::core::time::Duration::new(1u64, 0u32),
                        ),
                        ..::systemge::__private::TopicOptions::DEFAULT
                    },
                    |invocation, value_0: String| async move {
                        let (state, context) = invocation
                            .open::<::systemge::AnyApplication>();
                        let reply = {
                            let application = state.shared().await;
                            <Self as __Systemge_shared__Game_for_Chess>::resign(
                                    &application,
                                    value_0,
                                )
                                .await
                        };
                        (reply, ::systemge::__private::Invocation::close(state, context))
                    },
                );
        },
        on_start: ::core::option::Option::Some(|invocation| ::std::boxed::Box::pin(async move {
            let (state, context) = invocation.open::<::systemge::AnyApplication>();
            let reply = {
                let application = state.shared().await;
                <Self as __Systemge_shared__Game_for_Chess>::start(&application)
            };
            let _ = (state, context);
            ::systemge::payload::OneWayReply::into_result(reply)
        })),
        on_stop: ::core::option::Option::None,
    });
}
#[allow(non_upper_case_globals, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    trait Missing: ::systemge::Application {
        const __Systemge_shared__Game_for_Chess_BLOCK: ::core::option::Option<
            ::systemge::__private::NodeBlock<Self>,
        > = ::core::option::Option::None;
    }
    impl<A: ::systemge::Application> Missing for A {}
    #[automatically_derived]
    impl ::systemge::__private::HandlesContract<{ shared::Game.key() }> for Chess
    where
        for<'systemge> Chess: ::systemge::__private::probe::IsApplication<'systemge>,
    {
        const BLOCK: ::core::option::Option<::systemge::__private::NodeBlock<Self>> = <Chess>::__Systemge_shared__Game_for_Chess_BLOCK;
    }
};
