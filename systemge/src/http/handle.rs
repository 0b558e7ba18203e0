//! The handle of a node's HTTP component: routes that come and go, who may ask, and what is counted.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use ::http::{Method, StatusCode};
use arc_swap::ArcSwap;
use futures_util::FutureExt as _;
use warp::reject::Rejection;

use super::route::{Counts, StatusCounts};
use super::routes::{Declared, Handler, Routes};
use super::{HttpRequest, Redirect, Respond, Route, RouteError};
use crate::access::AccessList;
use crate::web::{Refusal, RemoteAddress};

/// The HTTP component of a node. Cloning is cheap; all clones are the same component, across stops and starts of the
/// node.
///
/// Routes can be added and removed while the node runs; what the application declares is there from the beginning.
///
/// ```
/// use systemge::http::{HttpError, HttpRequest, Method, Redirect, Route};
/// use systemge::prelude::*;
///
/// # #[derive(systemge::Application)]
/// # struct Gateway {}
/// #[systemge::node]
/// impl Gateway {
///     #[topic("open")]
///     async fn open(&self, room: String, ctx: &Context) -> Result<(), String> {
///         let added = ctx.http().add(Route::get(format!("/rooms/{room}/{{table}}")), |request: HttpRequest| async move {
///             let table: u32 = request.parameter("table")?;
///             Ok::<_, HttpError>(format!("this is table {table}"))
///         });
///         added.map_err(|error| error.to_string())?;
///         ctx.http().redirect(format!("/{room}"), Redirect::temporary(format!("/rooms/{room}/1")));
///         Ok(())
///     }
///
///     #[topic("close")]
///     async fn close(&self, room: String, ctx: &Context) {
///         ctx.http().remove(&Method::GET, &format!("/rooms/{room}/{{table}}"));
///     }
/// }
/// # fn main() {}
/// ```
#[derive(Clone, Default)]
pub struct Http(Arc<Shared>);

#[derive(Default)]
pub(super) struct Shared {
    pub(super) routes: ArcSwap<Routes>,
    /// Held while the routes are changed.
    changing: Mutex<()>,
    pub(super) declared: Declared,
    access: AccessList,
    /// Requests that no route answered.
    pub(super) folders: Counts,
    pub(super) unmatched: Counts,
    pub(super) refused: Counts,
}

/// A route and how it was answered.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RouteInfo {
    /// The method.
    pub method: Method,
    /// The path with its parameters in braces.
    pub path: String,
    /// How many requests were answered, by the class of the status.
    pub answered: StatusCounts,
}

/// What the component has counted since its node was made, besides its routes; never reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct HttpCounters {
    /// Requests that were answered from a folder.
    pub folders: StatusCounts,
    /// Requests for which there was no route: no such path, or not for that method.
    pub unmatched: StatusCounts,
    /// Requests of clients whose address may not ask.
    pub refused: StatusCounts,
}

impl Http {
    /// The component of an application that declares this.
    pub(crate) fn new(mut declared: Declared) -> Self {
        let routes = ArcSwap::from_pointee(std::mem::take(&mut declared.routes));
        Self(Arc::new(Shared { routes, declared, ..Shared::default() }))
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.0
    }

    /// Adds a route, from now on and until it is removed, across stops and starts of the node.
    ///
    /// The handler gets the request, from which it takes what it wants, and returns what can be a response. What it
    /// needs besides it brings along, such as a clone of the context.
    ///
    /// # Errors
    ///
    /// If the path is none, or has a route for this method.
    pub fn add<H, F>(&self, route: Route, handler: H) -> Result<(), RouteError>
    where
        H: Fn(HttpRequest) -> F + Send + Sync + 'static,
        F: Future<Output: Respond> + Send + 'static,
    {
        let handler: Handler = Arc::new(move |_, request| handler(request).map(Respond::respond).boxed());
        self.change(|routes| routes.add(route, handler))
    }

    /// Sends those who GET a path to another place; whatever answered it before is replaced. Returns whether the path
    /// can be one.
    pub fn redirect(&self, path: impl Into<String>, to: Redirect) -> bool {
        let path = path.into();
        let handler: Handler = Arc::new(move |_, _| std::future::ready(Respond::respond(to.clone())).boxed());
        self.change(|routes| {
            routes.remove(&Method::GET, &path);
            routes.add(Route::get(path), handler)
        })
        .is_ok()
    }

    /// Removes a route, whether the application has declared it or it was added. Returns whether it was there. Requests
    /// that it is answering are finished.
    pub fn remove(&self, method: &Method, path: &str) -> bool {
        self.change(|routes| if routes.remove(method, path) { Ok(()) } else { Err(()) }).is_ok()
    }

    /// The routes, sorted by path and method.
    #[must_use]
    pub fn routes(&self) -> Vec<RouteInfo> {
        let endpoints = self.0.routes.load().endpoints();
        let info = |endpoint: &Arc<super::route::Endpoint>| RouteInfo {
            method: endpoint.route.method.clone(),
            path: endpoint.route.path.clone(),
            answered: endpoint.counts.snapshot(),
        };
        endpoints.iter().map(info).collect()
    }

    /// What is counted besides the routes.
    #[must_use]
    pub fn counters(&self) -> HttpCounters {
        HttpCounters {
            folders: self.0.folders.snapshot(),
            unmatched: self.0.unmatched.snapshot(),
            refused: self.0.refused.snapshot(),
        }
    }

    /// Who may ask, by address; whoever may not gets a 403. It starts as `http.allow` and `http.deny` say.
    #[must_use]
    pub fn access(&self) -> &AccessList {
        &self.0.access
    }

    /// Refuses a client whose address may not ask.
    pub(super) fn admit(&self, node: &str, remote: RemoteAddress) -> Result<(), Rejection> {
        if self.access().allows(remote.0.ip()) {
            return Ok(());
        }
        self.0.refused.count(StatusCode::FORBIDDEN);
        tracing::debug!(node, client = %remote.0, "the address of an HTTP client is not allowed");
        Err(Refusal::new(StatusCode::FORBIDDEN, "your address is not allowed here").reject())
    }

    fn change<E>(&self, change: impl FnOnce(&mut Routes) -> Result<(), E>) -> Result<(), E> {
        let _changing = self.0.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut routes = Routes::clone(&self.0.routes.load());
        change(&mut routes)?;
        self.0.routes.store(Arc::new(routes));
        Ok(())
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("routes", &self.routes().len()).finish_non_exhaustive()
    }
}
