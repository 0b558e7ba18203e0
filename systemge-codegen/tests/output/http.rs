impl Gateway {
    async fn grid(&self, ctx: &Context) -> Json<Grid> {}
    async fn cell(
        &mut self,
        row: u32,
        column: u32,
        body: Json<Cell>,
    ) -> Result<StatusCode> {}
    fn clear(&self, row: u32) {}
}
#[automatically_derived]
#[allow(dead_code, clippy::all, clippy::pedantic, clippy::nursery)]
impl Gateway {
    #[doc(hidden)]
    const fn __systemge_http_conditions() {
        const _: () = ::systemge::__private::probe::application::<Gateway>();
        {
            const _: () = ::systemge::__private::probe::respond::<Json<Grid>>();
        }
        {
            const _: () = ::systemge::__private::probe::path_parameter::<u32>();
            const _: () = ::systemge::__private::probe::from_request::<Json<Cell>>();
            const _: () = ::systemge::__private::probe::respond::<Result<StatusCode>>();
        }
    }
}
#[automatically_derived]
#[allow(deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
impl Gateway
where
    for<'systemge> Gateway: ::systemge::__private::probe::IsApplication<'systemge>,
    for<'systemge> Json<Grid>: ::systemge::__private::probe::IsRespond<'systemge>,
    for<'systemge> u32: ::systemge::__private::probe::IsPathParameter<'systemge>,
    for<'systemge> Json<Cell>: ::systemge::__private::probe::IsFromRequest<'systemge>,
    for<'systemge> Result<
        StatusCode,
    >: ::systemge::__private::probe::IsRespond<'systemge>,
{
    #[doc(hidden)]
    pub const __SYSTEMGE_HTTP: ::core::option::Option<
        ::systemge::__private::HttpBlock<Self>,
    > = ::core::option::Option::Some(::systemge::__private::HttpBlock {
        exclusive: true,
        routes: |table| {
            table
                .route(
                    ::systemge::http::Route::get("/api/grid"),
                    |invocation, _: ::systemge::__private::HttpRequest| async move {
                        let (state, context) = invocation.open::<_>();
                        let reply = {
                            let application = state.shared().await;
                            Self::grid(&application, &context).await
                        };
                        let _ = (state, context);
                        ::systemge::http::Respond::respond(reply)
                    },
                );
            table
                .route(
                    ::systemge::http::Route::post("/api/cell/{row}/{column}")
                        .body(1048576)
                        .timeout(::core::time::Duration::new(1, 500000000))
                        .concurrency(16)
                        .rate(100, ::core::time::Duration::new(1, 0)),
                    |invocation, mut request: ::systemge::__private::HttpRequest| async move {
                        let value_0 = request.parameter::<u32>("row")?;
                        let value_1 = request.parameter::<u32>("column")?;
                        let value_2 = <Json<
                            Cell,
                        > as ::systemge::http::FromRequest>::from_request(&mut request)
                            .await?;
                        let (state, context) = invocation
                            .open::<::systemge::AnyApplication>();
                        let reply = {
                            let mut application = state.exclusive().await;
                            Self::cell(&mut application, value_0, value_1, value_2).await
                        };
                        let _ = (state, context);
                        ::systemge::http::Respond::respond(reply)
                    },
                );
            table
                .route(
                    ::systemge::http::Route::delete("/api/cell/{row}"),
                    |invocation, request: ::systemge::__private::HttpRequest| async move {
                        let value_0 = request.parameter::<u32>("row")?;
                        let (state, context) = invocation
                            .open::<::systemge::AnyApplication>();
                        let reply = {
                            let application = state.shared().await;
                            Self::clear(&application, value_0)
                        };
                        let _ = (state, context);
                        ::systemge::http::Respond::respond(reply)
                    },
                );
            table.folder("/", "page");
            table.filter(Self::more);
        },
    });
}
