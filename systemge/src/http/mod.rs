//! The HTTP component: typed routes and static folders.

use std::sync::Arc;

use crate::application::{Application, Invocation, State};

/// A request as the generated code takes it apart.
#[doc(hidden)]
#[derive(Debug)]
pub struct HttpRequest {}

/// Collects the routes of an application.
#[doc(hidden)]
pub struct RouteTable<A> {
    state: Arc<State<A>>,
}

impl<A: Application> RouteTable<A> {
    /// Adds a route.
    pub fn route<H, F>(&mut self, method: &'static str, path: &'static str, handler: H)
    where
        H: Fn(Invocation<A>, HttpRequest) -> F + Send + Sync + 'static,
        F: Future<Output = Result<HttpResponse, HttpError>> + Send + 'static,
    {
        let _ = (&self.state, method, path, handler);
    }

    /// Serves a folder below a URL prefix.
    pub fn folder(&mut self, prefix: &'static str, folder: &'static str) {
        let _ = (prefix, folder);
    }
}

/// A response.
#[derive(Debug)]
pub struct HttpResponse {}

/// Why a request can't be answered.
#[derive(Debug)]
pub struct HttpError {}
