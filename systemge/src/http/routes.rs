//! Routes: which handler answers which path and method.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use ::http::Method;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use percent_encoding::percent_decode_str;
use warp::Filter;
use warp::reject::Rejection;
use warp::reply::Reply;

use super::route::Endpoint;
use super::{HttpError, HttpRequest, HttpResponse, Route, RouteError};
use crate::application::{Application, HttpBlock, Invocation, State};
use crate::context::{Context, Core};
use crate::web::Site;

/// A handler without the type of its application.
pub(super) type Handler =
    Arc<dyn Fn(Core, HttpRequest) -> BoxFuture<'static, Result<HttpResponse, HttpError>> + Send + Sync>;

/// Collects what an application declares.
#[doc(hidden)]
pub struct RouteTable<A> {
    state: Arc<State<A>>,
    declared: Declared,
}

/// What an application declares.
#[derive(Default)]
pub(crate) struct Declared {
    pub(super) routes: Routes,
    /// URL prefix and folder.
    pub(super) folders: Vec<(String, PathBuf)>,
    /// Filters of the application's own.
    pub(super) filters: Vec<Box<dyn Fn(Core) -> Site + Send + Sync>>,
    /// The first route that can't be; said when the node starts.
    pub(super) mistake: Option<String>,
}

impl Declared {
    /// What `#[systemge::http]` declares.
    pub(crate) fn of<A: Application>(block: &HttpBlock<A>, state: Arc<State<A>>) -> Self {
        let mut table = RouteTable::new(state);
        (block.routes)(&mut table);
        table.finish()
    }
}

impl<A: Application> RouteTable<A> {
    pub(crate) fn new(state: Arc<State<A>>) -> Self {
        Self { state, declared: Declared::default() }
    }

    pub(crate) fn finish(self) -> Declared {
        self.declared
    }

    /// Adds a route.
    pub fn route<H, F>(&mut self, route: Route, handler: H)
    where
        H: Fn(Invocation<A>, HttpRequest) -> F + Send + Sync + 'static,
        F: Future<Output = Result<HttpResponse, HttpError>> + Send + 'static,
    {
        let state = self.state.clone();
        let handler: Handler =
            Arc::new(move |core, request| handler(Invocation::new(state.clone(), core), request).boxed());
        if let Err(mistake) = self.declared.routes.add(route, handler) {
            self.declared.mistake.get_or_insert_with(|| mistake.to_string());
        }
    }

    /// Serves a folder below a URL prefix.
    pub fn folder(&mut self, prefix: &'static str, folder: &'static str) {
        self.declared.folders.push((prefix.to_owned(), folder.into()));
    }

    /// Asks a filter about requests that nothing else answers.
    pub fn filter<F, R>(&mut self, make: impl Fn(Context<A>) -> F + Send + Sync + 'static)
    where
        F: Filter<Extract = (R,), Error = Rejection> + Clone + Send + Sync + 'static,
        R: Reply + 'static,
    {
        self.declared
            .filters
            .push(Box::new(move |core| make(Context::from_core(core)).map(Reply::into_response).boxed()));
    }
}

/// The routes of one node.
///
/// A tree by the segments of paths. A literal segment goes before a parameter, so that `/users/me` and
/// `/users/{id}` live beside each other.
#[derive(Clone, Default)]
pub(super) struct Routes {
    root: Segment,
}

#[derive(Clone, Default)]
struct Segment {
    literals: HashMap<Box<str>, Self>,
    parameter: Option<Box<Self>>,
    endpoints: Vec<Arc<Endpoint>>,
}

/// The parameters of a path by their names, decoded.
pub(super) type Parameters = Vec<(Arc<str>, String)>;

/// What a path and a method lead to.
pub(super) enum Found {
    Endpoint(Arc<Endpoint>, Parameters),
    /// The path has handlers, for these methods only.
    OtherMethods(Vec<Method>),
    Nothing,
}

impl Routes {
    /// Adds a route.
    pub(super) fn add(&mut self, route: Route, handler: Handler) -> Result<(), RouteError> {
        let (parts, names) = parts(&route.path)?;
        let mut segment = &mut self.root;
        for part in &parts {
            segment = match part {
                Part::Literal(text) => segment.literals.entry((*text).into()).or_default(),
                Part::Parameter => segment.parameter.get_or_insert_default(),
            };
        }
        if let Some(other) = segment.endpoints.iter().find(|endpoint| endpoint.route.method == route.method) {
            let Route { method, path, .. } = route;
            return Err(RouteError::Taken { method, path, other: other.route.path.clone() });
        }
        segment.endpoints.push(Arc::new(Endpoint::new(route, names, handler)));
        Ok(())
    }

    /// Removes a route; whether it was there.
    pub(super) fn remove(&mut self, method: &Method, path: &str) -> bool {
        let Ok((parts, _)) = parts(path) else { return false };
        self.root.remove(method, &parts)
    }

    /// All of them.
    pub(super) fn endpoints(&self) -> Vec<Arc<Endpoint>> {
        let mut endpoints = Vec::new();
        self.root.collect(&mut endpoints);
        endpoints.sort_by(|a, b| {
            let key = |endpoint: &Endpoint| (endpoint.route.path.clone(), endpoint.route.method.to_string());
            key(a).cmp(&key(b))
        });
        endpoints
    }

    /// Finds the handler of a path, whose segments come decoded.
    pub(super) fn find(&self, method: &Method, path: &str) -> Result<Found, HttpError> {
        let Some(segments) = segments(path) else {
            return Err(HttpError::bad_request("the path is not UTF-8 in percent-encoding"));
        };
        let mut values = Vec::new();
        let mut others = Vec::new();
        if let Some(endpoint) = self.root.find(method, &segments, &mut values, &mut others) {
            let values = values.into_iter().map(str::to_owned);
            let parameters = endpoint.names.iter().cloned().zip(values).collect();
            return Ok(Found::Endpoint(endpoint.clone(), parameters));
        }
        if others.is_empty() {
            return Ok(Found::Nothing);
        }
        others.push(Method::OPTIONS);
        Ok(Found::OtherMethods(others))
    }
}

/// A segment of a route.
enum Part<'p> {
    Literal(&'p str),
    Parameter,
}

/// The segments of a route and the names of its parameters.
fn parts(path: &str) -> Result<(Vec<Part<'_>>, Vec<Arc<str>>), RouteError> {
    let wrong = |why: String| RouteError::Path { path: path.to_owned(), why };
    let rest = path.strip_prefix('/').ok_or_else(|| wrong("it does not start with `/`".to_owned()))?;
    let mut names: Vec<Arc<str>> = Vec::new();
    let mut parts = Vec::new();
    for part in rest.split('/') {
        if let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            if name.is_empty() || names.iter().any(|other| **other == *name) {
                return Err(wrong("a parameter has no name of its own".to_owned()));
            }
            names.push(name.into());
            parts.push(Part::Parameter);
        } else if part.contains(['{', '}', '?', '#']) {
            return Err(wrong(format!("a segment is plain text or one `{{parameter}}`, not `{part}`")));
        } else {
            parts.push(Part::Literal(part));
        }
    }
    Ok((parts, names))
}

impl Segment {
    /// Looks along literals first and comes back for the parameters; only segments that some route has are visited,
    /// so the work is bounded by the routes, not by the client.
    fn find<'p>(
        &self,
        method: &Method,
        path: &'p [Cow<'_, str>],
        values: &mut Vec<&'p str>,
        others: &mut Vec<Method>,
    ) -> Option<&Arc<Endpoint>> {
        let Some((first, rest)) = path.split_first() else {
            return self.endpoint(method, others);
        };
        if let Some(found) =
            self.literals.get(first.as_ref()).and_then(|next| next.find(method, rest, values, others))
        {
            return Some(found);
        }
        let next = self.parameter.as_ref().filter(|_| !first.is_empty())?;
        values.push(first);
        let found = next.find(method, rest, values, others);
        if found.is_none() {
            values.pop();
        }
        found
    }

    fn endpoint(&self, method: &Method, others: &mut Vec<Method>) -> Option<&Arc<Endpoint>> {
        let with = |method: &Method| self.endpoints.iter().find(|endpoint| endpoint.route.method == *method);
        let found = with(method).or_else(|| with(&Method::GET).filter(|_| *method == Method::HEAD));
        if found.is_none() {
            for Route { method, .. } in self.endpoints.iter().map(|endpoint| &endpoint.route) {
                if *method == Method::GET && !others.contains(&Method::HEAD) {
                    others.push(Method::HEAD);
                }
                if !others.contains(method) {
                    others.push(method.clone());
                }
            }
        }
        found
    }

    fn remove(&mut self, method: &Method, path: &[Part<'_>]) -> bool {
        let Some((first, rest)) = path.split_first() else {
            let before = self.endpoints.len();
            self.endpoints.retain(|endpoint| endpoint.route.method != *method);
            return self.endpoints.len() != before;
        };
        match first {
            Part::Literal(text) => {
                let Some(next) = self.literals.get_mut(*text) else { return false };
                let removed = next.remove(method, rest);
                if next.is_empty() {
                    self.literals.remove(*text);
                }
                removed
            }
            Part::Parameter => {
                let Some(next) = &mut self.parameter else { return false };
                let removed = next.remove(method, rest);
                if next.is_empty() {
                    self.parameter = None;
                }
                removed
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.literals.is_empty() && self.parameter.is_none() && self.endpoints.is_empty()
    }

    fn collect(&self, endpoints: &mut Vec<Arc<Endpoint>>) {
        endpoints.extend(self.endpoints.iter().cloned());
        for next in self.literals.values().chain(self.parameter.as_deref()) {
            next.collect(endpoints);
        }
    }
}

/// The segments of a path, each decoded by itself, so that an encoded `/` is part of its segment.
fn segments(path: &str) -> Option<Vec<Cow<'_, str>>> {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.split('/').map(|segment| percent_decode_str(segment).decode_utf8().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handler() -> Handler {
        Arc::new(|_, _| async { Ok(HttpResponse::default()) }.boxed())
    }

    fn routes(all: &[(Method, &str)]) -> Result<Routes, RouteError> {
        let mut routes = Routes::default();
        for (method, path) in all {
            routes.add(Route::new(method.clone(), *path), handler())?;
        }
        Ok(routes)
    }

    fn found(routes: &Routes, method: Method, path: &str) -> String {
        match routes.find(&method, path) {
            Ok(Found::Endpoint(_, parameters)) => format!("{parameters:?}"),
            Ok(Found::OtherMethods(methods)) => format!("{methods:?}"),
            Ok(Found::Nothing) => "nothing".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_path_leads_to_the_most_literal_route_that_has_its_method() {
        let routes = routes(&[
            (Method::GET, "/"),
            (Method::GET, "/users/{id}"),
            (Method::POST, "/users/me"),
            (Method::GET, "/users/me/name"),
            (Method::DELETE, "/users/{user}/{field}"),
        ])
        .unwrap();
        let check = |method: Method, path: &str, expected: &str| {
            assert_eq!(found(&routes, method.clone(), path), expected, "{method} {path}");
        };
        check(Method::GET, "/", "[]");
        check(Method::HEAD, "/", "[]");
        check(Method::GET, "/users/7", r#"[("id", "7")]"#);
        check(Method::GET, "/users/me", r#"[("id", "me")]"#);
        check(Method::POST, "/users/me", "[]");
        check(Method::POST, "/users/7", "[HEAD, GET, OPTIONS]");
        check(Method::PUT, "/users/me", "[POST, HEAD, GET, OPTIONS]");
        check(Method::DELETE, "/users/me/name", r#"[("user", "me"), ("field", "name")]"#);
        check(Method::DELETE, "/users/a%2Fb/%C3%A4", r#"[("user", "a/b"), ("field", "ä")]"#);
        check(Method::GET, "/users", "nothing");
        check(Method::GET, "/users/", "nothing");
        check(Method::GET, "/users/7/", "nothing");
        check(Method::GET, "", "[]");
        check(Method::GET, "/users/%FF", "400 Bad Request: the path is not UTF-8 in percent-encoding");
    }

    #[test]
    fn a_route_that_is_removed_leaves_nothing_behind() {
        let all = [(Method::GET, "/a/{b}/c"), (Method::POST, "/a/{b}/c"), (Method::GET, "/a")];
        let mut routes = routes(&all).unwrap();
        assert!(routes.remove(&Method::GET, "/a/{other name}/c"));
        assert!(!routes.remove(&Method::GET, "/a/{b}/c"));
        assert_eq!(found(&routes, Method::GET, "/a/1/c"), "[POST, OPTIONS]");
        assert!(routes.remove(&Method::POST, "/a/{b}/c") && routes.remove(&Method::GET, "/a"));
        assert!(routes.root.is_empty());
    }

    #[test]
    fn a_route_that_cannot_be_says_why() {
        let check = |all: &[(Method, &str)], expected: &str| {
            assert_eq!(routes(all).err().unwrap().to_string(), expected);
        };
        check(&[(Method::GET, "a")], "the route `a` cannot be: it does not start with `/`");
        check(&[(Method::GET, "/{}")], "the route `/{}` cannot be: a parameter has no name of its own");
        check(
            &[(Method::GET, "/a{b}")],
            "the route `/a{b}` cannot be: a segment is plain text or one `{parameter}`, not `a{b}`",
        );
        check(
            &[(Method::GET, "/{a}"), (Method::GET, "/{b}")],
            "two routes answer `GET /{b}`; the other is `/{a}`",
        );
    }
}
