//! Routes: which handler answers which path and method.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use ::http::Method;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use percent_encoding::percent_decode_str;

use super::{HttpError, HttpRequest, HttpResponse};
use crate::application::{Application, HttpBlock, Invocation, State};
use crate::context::Core;

/// A handler without the type of its application.
pub(super) type Handler =
    Arc<dyn Fn(Core, HttpRequest) -> BoxFuture<'static, Result<HttpResponse, HttpError>> + Send + Sync>;

/// Collects the routes of an application.
#[doc(hidden)]
pub struct RouteTable<A> {
    state: Arc<State<A>>,
    routes: Routes,
}

impl<A: Application> RouteTable<A> {
    pub(crate) fn new(state: Arc<State<A>>) -> Self {
        Self { state, routes: Routes::default() }
    }

    pub(crate) fn finish(self) -> Routes {
        self.routes
    }

    /// Adds a route.
    pub fn route<H, F>(&mut self, method: &'static str, path: &'static str, handler: H)
    where
        H: Fn(Invocation<A>, HttpRequest) -> F + Send + Sync + 'static,
        F: Future<Output = Result<HttpResponse, HttpError>> + Send + 'static,
    {
        let state = self.state.clone();
        let handler: Handler =
            Arc::new(move |core, request| handler(Invocation::new(state.clone(), core), request).boxed());
        self.routes.add(method, path, handler);
    }

    /// Serves a folder below a URL prefix.
    pub fn folder(&mut self, prefix: &'static str, folder: &'static str) {
        self.routes.folders.push((prefix.to_owned(), folder.into()));
    }
}

/// The routes of one application.
///
/// A tree by the segments of paths. A literal segment goes before a parameter, so that `/users/me` and
/// `/users/{id}` live beside each other.
#[derive(Default)]
pub(crate) struct Routes {
    root: Segment,
    pub(super) folders: Vec<(String, PathBuf)>,
    /// The first route that can't be; said when the node starts.
    pub(super) mistake: Option<String>,
}

#[derive(Default)]
struct Segment {
    literals: HashMap<&'static str, Self>,
    parameter: Option<Box<Self>>,
    endpoints: Vec<Endpoint>,
}

/// A handler at the end of a path.
struct Endpoint {
    method: Method,
    path: &'static str,
    /// The parameters in the order of the path.
    names: Vec<&'static str>,
    handler: Handler,
}

/// What a path and a method lead to.
pub(super) enum Found {
    Handler(Handler, Vec<(&'static str, String)>),
    /// The path has handlers, for these methods only.
    OtherMethods(Vec<Method>),
    Nothing,
}

impl Routes {
    /// The routes of `#[systemge::http]`.
    pub(crate) fn of<A: Application>(block: &HttpBlock<A>, state: Arc<State<A>>) -> Self {
        let mut table = RouteTable::new(state);
        (block.routes)(&mut table);
        table.finish()
    }

    fn add(&mut self, method: &'static str, path: &'static str, handler: Handler) {
        if let Err(mistake) = self.try_add(method, path, handler) {
            self.mistake.get_or_insert(mistake);
        }
    }

    fn try_add(&mut self, method: &'static str, path: &'static str, handler: Handler) -> Result<(), String> {
        let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes())
            .map_err(|_| format!("`{method}` is not an HTTP method"))?;
        let rest =
            path.strip_prefix('/').ok_or_else(|| format!("the route `{path}` does not start with `/`"))?;
        let mut segment = &mut self.root;
        let mut names = Vec::new();
        for part in rest.split('/') {
            let parameter = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
            if let Some(name) = parameter {
                if name.is_empty() || names.contains(&name) {
                    return Err(format!("the route `{path}` has a parameter without a name of its own"));
                }
                names.push(name);
                segment = segment.parameter.get_or_insert_default();
            } else if part.contains(['{', '}', '?', '#']) {
                return Err(format!(
                    "the route `{path}` has a segment `{part}`; a segment is plain text or one `{{parameter}}`"
                ));
            } else {
                segment = segment.literals.entry(part).or_default();
            }
        }
        if let Some(other) = segment.endpoints.iter().find(|endpoint| endpoint.method == method) {
            return Err(format!("two routes answer `{method} {path}`; the other is `{}`", other.path));
        }
        segment.endpoints.push(Endpoint { method, path, names, handler });
        Ok(())
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
            let parameters = endpoint.names.iter().copied().zip(values).collect();
            return Ok(Found::Handler(endpoint.handler.clone(), parameters));
        }
        if others.is_empty() { Ok(Found::Nothing) } else { Ok(Found::OtherMethods(others)) }
    }
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
    ) -> Option<&Endpoint> {
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

    fn endpoint(&self, method: &Method, others: &mut Vec<Method>) -> Option<&Endpoint> {
        let with = |method: &Method| self.endpoints.iter().find(|endpoint| endpoint.method == *method);
        let found = with(method).or_else(|| with(&Method::GET).filter(|_| *method == Method::HEAD));
        if found.is_none() {
            for endpoint in &self.endpoints {
                if endpoint.method == Method::GET && !others.contains(&Method::HEAD) {
                    others.push(Method::HEAD);
                }
                if !others.contains(&endpoint.method) {
                    others.push(endpoint.method.clone());
                }
            }
        }
        found
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

    fn routes(all: &[(&'static str, &'static str)]) -> Routes {
        let mut routes = Routes::default();
        for (method, path) in all {
            routes.add(method, path, Arc::new(|_, _| async { Ok(HttpResponse::default()) }.boxed()));
        }
        routes
    }

    #[test]
    fn a_path_leads_to_the_most_literal_route_that_has_its_method() {
        let routes = routes(&[
            ("GET", "/"),
            ("GET", "/users/{id}"),
            ("POST", "/users/me"),
            ("GET", "/users/me/name"),
            ("DELETE", "/users/{user}/{field}"),
        ]);
        let check = |method: Method, path: &str, expected: &str| {
            let found = match routes.find(&method, path) {
                Ok(Found::Handler(_, parameters)) => format!("{parameters:?}"),
                Ok(Found::OtherMethods(methods)) => format!("{methods:?}"),
                Ok(Found::Nothing) => "nothing".to_owned(),
                Err(error) => error.to_string(),
            };
            assert_eq!(found, expected, "{method} {path}");
        };
        check(Method::GET, "/", "[]");
        check(Method::HEAD, "/", "[]");
        check(Method::GET, "/users/7", r#"[("id", "7")]"#);
        check(Method::GET, "/users/me", r#"[("id", "me")]"#);
        check(Method::POST, "/users/me", "[]");
        check(Method::POST, "/users/7", "[HEAD, GET]");
        check(Method::PUT, "/users/me", "[POST, HEAD, GET]");
        check(Method::DELETE, "/users/me/name", r#"[("user", "me"), ("field", "name")]"#);
        check(Method::DELETE, "/users/a%2Fb/%C3%A4", r#"[("user", "a/b"), ("field", "ä")]"#);
        check(Method::GET, "/users", "nothing");
        check(Method::GET, "/users/", "nothing");
        check(Method::GET, "/users/7/", "nothing");
        check(Method::GET, "", "[]");
        check(Method::GET, "/users/%FF", "400 Bad Request: the path is not UTF-8 in percent-encoding");
    }

    #[test]
    fn a_route_that_cannot_be_is_kept_as_a_mistake() {
        let check = |all: &[(&'static str, &'static str)], expected: &str| {
            assert_eq!(routes(all).mistake.as_deref(), Some(expected));
        };
        check(&[("GET", "a")], "the route `a` does not start with `/`");
        check(&[("G T", "/a")], "`G T` is not an HTTP method");
        check(&[("GET", "/{}")], "the route `/{}` has a parameter without a name of its own");
        check(
            &[("GET", "/a{b}")],
            "the route `/a{b}` has a segment `a{b}`; a segment is plain text or one `{parameter}`",
        );
        check(&[("GET", "/{a}"), ("GET", "/{b}")], "two routes answer `GET /{b}`; the other is `/{a}`");
    }
}
