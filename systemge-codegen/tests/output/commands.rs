// 12:40: [SGE0510] `row` stands behind `all`, which takes all that is left
//   help: move `all: Vec<..>` to the end
// 12:60: [SGE0509] the required `column` stands behind the optional `row`
//   help: move it in front of `row`, or write `Option<u8>`

impl Life {
    /// Fills the grid at random.
    ///
    /// Without an argument, half of it.
    async fn randomize(&mut self, percent_alive: Option<u8>) -> Result<String> {}
    fn set(&self, row: u32, ctx: &Context, cells: Vec<u8>) {}
    fn again(&self, all: Vec<u8>, row: Option<u8>, column: u8) {}
}
#[automatically_derived]
#[allow(dead_code, clippy::all, clippy::pedantic, clippy::nursery)]
impl Life {
    #[doc(hidden)]
    const fn __systemge_commands_conditions() {
        const _: () = ::systemge::__private::probe::application::<Life>();
        {
            const _: () = ::systemge::__private::probe::command_argument::<u8>();
            const _: () = ::systemge::__private::probe::command_reply::<
                Result<String>,
            >();
        }
        {
            const _: () = ::systemge::__private::probe::command_argument::<u32>();
        }
    }
}
#[automatically_derived]
#[allow(deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
impl Life
where
    for<'systemge> Life: ::systemge::__private::probe::IsApplication<'systemge>,
    for<'systemge> u8: ::systemge::__private::probe::IsCommandArgument<'systemge>,
    for<'systemge> Result<
        String,
    >: ::systemge::__private::probe::IsCommandReply<'systemge>,
    for<'systemge> u32: ::systemge::__private::probe::IsCommandArgument<'systemge>,
{
    #[doc(hidden)]
    pub const __SYSTEMGE_COMMANDS: ::core::option::Option<
        ::systemge::__private::CommandBlock<Self>,
    > = ::core::option::Option::Some(::systemge::__private::CommandBlock {
        exclusive: true,
        commands: |table| {
            table
                .command(
                    ::systemge::__private::CommandSpec {
                        name: "randomize",
                        help: "Fills the grid at random.\n\nWithout an argument, half of it.",
                        arguments: &[
                            ::systemge::__private::ArgumentSpec {
                                name: "percent_alive",
                                type_name: "u8",
                                presence: ::systemge::__private::Presence::Optional,
                            },
                        ],
                    },
                    |invocation, mut arguments| async move {
                        let value_0 = arguments.optional::<u8>("percent_alive")?;
                        arguments.finish()?;
                        let (state, context) = invocation
                            .open::<::systemge::AnyApplication>();
                        let reply = {
                            let mut application = state.exclusive().await;
                            Self::randomize(&mut application, value_0).await
                        };
                        let _ = (state, context);
                        ::systemge::command::CommandReply::into_text(reply)
                    },
                );
            table
                .command(
                    ::systemge::__private::CommandSpec {
                        name: "set-cells",
                        help: "",
                        arguments: &[
                            ::systemge::__private::ArgumentSpec {
                                name: "row",
                                type_name: "u32",
                                presence: ::systemge::__private::Presence::Required,
                            },
                            ::systemge::__private::ArgumentSpec {
                                name: "cells",
                                type_name: "u8",
                                presence: ::systemge::__private::Presence::Rest,
                            },
                        ],
                    },
                    |invocation, mut arguments| async move {
                        let value_0 = arguments.required::<u32>("row")?;
                        let value_1 = arguments.rest::<u8>("cells")?;
                        arguments.finish()?;
                        let (state, context) = invocation.open::<_>();
                        let reply = {
                            let application = state.shared().await;
                            Self::set(&application, value_0, &context, value_1)
                        };
                        let _ = (state, context);
                        ::systemge::command::CommandReply::into_text(reply)
                    },
                );
        },
    });
}
