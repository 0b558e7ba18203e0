//! The page and the API as a warp filter.

use std::convert::Infallible;
use std::sync::Arc;

use ::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
    SET_COOKIE, X_FRAME_OPTIONS,
};
use ::http::{HeaderMap, Method, StatusCode};
use bytes::{Buf, Bytes, BytesMut};
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use warp::path::FullPath;
use warp::reply::{Reply as _, Response};
use warp::{Filter as _, filters::BoxedFilter};

use super::action::{self, Action};
use super::audit::{self, Who};
use super::auth::Role;
use super::board::{Board, Tick};
use super::history::{MINUTES, Resolution, SECONDS};
use super::settings::Settings;
use super::view::{Fleet, NodeDetail, Topology};
use super::{assets, openapi};
use crate::config::Endpoint;
use crate::node::{Node, NodeState};
use crate::text::printable;
use crate::web::{Refusal, RemoteAddress, Tasks};

type Body = BoxStream<'static, Result<Bytes, ()>>;

/// A request, taken apart.
struct Request {
    method: Method,
    path: String,
    query: String,
    headers: HeaderMap,
    remote: RemoteAddress,
    body: Body,
}

struct Site {
    board: Arc<Board>,
    stop: CancellationToken,
}

/// The page and the API.
pub(super) fn filter(board: Arc<Board>, tasks: &Tasks) -> BoxedFilter<(Response,)> {
    let site = Arc::new(Site { board, stop: tasks.stop.clone() });
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    warp::method()
        .and(warp::path::full())
        .and(query)
        .and(warp::header::headers_cloned())
        .and(warp::ext::get::<RemoteAddress>())
        .and(warp::body::stream().map(boxed))
        .and_then(move |method: Method, path: FullPath, query, headers, remote, body| {
            let path = path.as_str().to_owned();
            let site = site.clone();
            async move {
                let request = Request { method, path, query, headers, remote, body };
                let answer = site.answer(request).await.unwrap_or_else(Refusal::into_response);
                Ok::<_, warp::Rejection>(hardened(answer))
            }
        })
        .boxed()
}

/// What is at a path of the API.
enum Route<'p> {
    Session,
    SessionEnd,
    OpenApi,
    Fleet,
    Topology,
    Audit,
    Events,
    History,
    ProcessHistory,
    Metrics,
    Node(&'p str, NodeRoute<'p>),
}

enum NodeRoute<'p> {
    Detail,
    History,
    Start,
    Stop,
    Restart,
    Drain,
    Connect,
    Disconnect,
    Settings,
    Command(&'p str),
}

impl<'p> Route<'p> {
    fn find(path: &'p str) -> Option<Self> {
        if path == "/metrics" {
            return Some(Self::Metrics);
        }
        let segments: Vec<&str> = path.strip_prefix("/api/")?.split('/').collect();
        Some(match segments.as_slice() {
            ["session"] => Self::Session,
            ["session", "end"] => Self::SessionEnd,
            ["openapi.json"] => Self::OpenApi,
            ["fleet"] => Self::Fleet,
            ["topology"] => Self::Topology,
            ["audit"] => Self::Audit,
            ["events"] => Self::Events,
            ["history"] => Self::History,
            ["process", "history"] => Self::ProcessHistory,
            ["nodes", node, rest @ ..] => Self::Node(
                node,
                match rest {
                    [] => NodeRoute::Detail,
                    ["history"] => NodeRoute::History,
                    ["start"] => NodeRoute::Start,
                    ["stop"] => NodeRoute::Stop,
                    ["restart"] => NodeRoute::Restart,
                    ["drain"] => NodeRoute::Drain,
                    ["connect"] => NodeRoute::Connect,
                    ["disconnect"] => NodeRoute::Disconnect,
                    ["settings"] => NodeRoute::Settings,
                    ["commands", command] => NodeRoute::Command(command),
                    _ => return None,
                },
            ),
            _ => return None,
        })
    }

    /// The methods that it takes.
    const fn methods(&self) -> &'static [Method] {
        match self {
            Self::Session => &[Method::GET, Method::POST],
            Self::SessionEnd => &[Method::POST],
            Self::Node(_, NodeRoute::Settings) => &[Method::GET, Method::POST],
            Self::Node(_, NodeRoute::Detail | NodeRoute::History) => &[Method::GET],
            Self::Node(..) => &[Method::POST],
            _ => &[Method::GET],
        }
    }
}

impl Site {
    async fn answer(&self, request: Request) -> Result<Response, Refusal> {
        let access = &self.board.access;
        access.check_host(&request.headers)?;
        if let Some(asset) = assets::find(&request.path) {
            allowed(&request.method, &[Method::GET, Method::HEAD])?;
            let mut response = Response::new(Bytes::from_static(asset.bytes).into());
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(asset.kind));
            return Ok(response);
        }
        if let "/health/live" | "/health/ready" = request.path.as_str() {
            allowed(&request.method, &[Method::GET, Method::HEAD])?;
            return Ok(self.health(request.path == "/health/ready"));
        }
        let Some(route) = Route::find(&request.path) else {
            return Err(Refusal::new(StatusCode::NOT_FOUND, "nothing is served under this path"));
        };
        allowed(&request.method, route.methods())?;
        access.check_origin(&request.headers)?;
        let writes = request.method == Method::POST;
        if writes {
            access.check_write(&request.headers)?;
        }
        match (&route, writes) {
            (Route::Session, true) => return self.log_in(request).await,
            (Route::SessionEnd, _) => {
                let _: Nothing = body(request.body).await?;
                let mut response = Response::default();
                *response.status_mut() = StatusCode::NO_CONTENT;
                response.headers_mut().insert(SET_COOKIE, access.log_out(&request.headers));
                return Ok(response);
            }
            (Route::OpenApi, _) => {
                return Ok(json_response(
                    StatusCode::OK,
                    &openapi::document(access.has_login(), &self.board.system.nodes()),
                ));
            }
            _ => {}
        }
        let role = access.role(&request.headers)?;
        let who = Who { role, address: request.remote.0 };
        match route {
            Route::Node(name, route) => {
                let name = decoded(name)?;
                let node = self.board.system.node(&name);
                let node = node.ok_or_else(|| {
                    let why = format!("there is no node `{}`", printable(&name));
                    Refusal::new(StatusCode::NOT_FOUND, why)
                });
                match route {
                    NodeRoute::Detail => Ok(raw_json(self.detail(&node?))),
                    NodeRoute::History => self.node_history(&node?, &request.query),
                    NodeRoute::Settings if !writes => {
                        let config = self.board.system.config();
                        Ok(json_response(StatusCode::OK, &Settings::of(&node?, config)))
                    }
                    route => self.act(who, node?, route, request.body).await,
                }
            }
            route => self.look(&route, who, &request.query),
        }
    }

    fn look(&self, route: &Route<'_>, who: Who, query: &str) -> Result<Response, Refusal> {
        Ok(match route {
            Route::Session => {
                let login = self.board.access.has_login();
                json_response(StatusCode::OK, &json!({ "role": who.role, "login": login }))
            }
            Route::Fleet => raw_json(fleet(&self.board)),
            Route::Topology => json_response(StatusCode::OK, &Topology::of(&self.board)),
            Route::Audit => {
                let query = Query::new(query, &["node", "most"])?;
                let most = query.number("most", audit::KEPT)?.unwrap_or(200);
                let entries = self.board.audit.entries(query.text("node"), most);
                json_response(StatusCode::OK, &json!({ "entries": entries }))
            }
            Route::History => self.histories(query)?,
            Route::ProcessHistory => {
                let query = Query::new(query, &["resolution", "rows"])?;
                let (resolution, rows) = span(&query)?;
                json_response(StatusCode::OK, &self.board.process_past(resolution, rows))
            }
            Route::Events => self.events(query)?,
            Route::Metrics => {
                let mut response = Response::new(Bytes::from(self.board.system.openmetrics()).into());
                let kind = HeaderValue::from_static(crate::metrics::OPENMETRICS_MEDIA_TYPE);
                response.headers_mut().insert(CONTENT_TYPE, kind);
                response
            }
            Route::OpenApi | Route::SessionEnd | Route::Node(..) => {
                return Err(Refusal::new(StatusCode::NOT_FOUND, "nothing is served under this path"));
            }
        })
    }

    /// Whether the process lives, which it does if it answers, or whether all of its nodes serve.
    fn health(&self, ready: bool) -> Response {
        let serves = |node: &Node| node.state() == NodeState::Running && !node.is_draining();
        if !ready || self.board.system.nodes().iter().all(serves) {
            return json_response(StatusCode::OK, &json!({ "status": "ok" }));
        }
        json_response(StatusCode::SERVICE_UNAVAILABLE, &json!({ "status": "not every node serves" }))
    }

    async fn log_in(&self, request: Request) -> Result<Response, Refusal> {
        let access = &self.board.access;
        let Login { token } = body(request.body).await?;
        if !access.has_login() {
            return Ok(json_response(StatusCode::OK, &json!({ "role": Role::Operator, "login": false })));
        }
        let role = access.check_token(&token).inspect_err(|_| {
            tracing::warn!(target: "systemge::audit", who = %request.remote.0, "a wrong token was sent to the dashboard");
        })?;
        let who = Who { role, address: request.remote.0 };
        let cookie = access.log_in(role)?;
        let id = self.board.audit.begin(who, "log in", "", "");
        self.board.audit.end(id, Ok(String::new()));
        let mut response = json_response(StatusCode::OK, &json!({ "role": role, "login": true }));
        response.headers_mut().insert(SET_COOKIE, cookie);
        Ok(response)
    }

    async fn act(
        &self,
        who: Who,
        node: Node,
        route: NodeRoute<'_>,
        stream: Body,
    ) -> Result<Response, Refusal> {
        let action = async {
            match route {
                NodeRoute::Start => nothing(stream).await.map(|()| Action::Start),
                NodeRoute::Stop => nothing(stream).await.map(|()| Action::Stop),
                NodeRoute::Restart => nothing(stream).await.map(|()| Action::Restart),
                NodeRoute::Drain => nothing(stream).await.map(|()| Action::Drain),
                NodeRoute::Connect => endpoint(stream).await.map(Action::Connect),
                NodeRoute::Disconnect => endpoint(stream).await.map(Action::Disconnect),
                NodeRoute::Settings => {
                    let Set { key, value } = body(stream).await?;
                    Ok(Action::Set(key, value))
                }
                NodeRoute::Command(command) => {
                    let command = decoded(command)?;
                    let Run { arguments } = body(stream).await?;
                    let words = action::words(&node, &command, arguments.as_ref())?;
                    Ok(Action::Command(command, words))
                }
                NodeRoute::Detail | NodeRoute::History => {
                    Err(Refusal::new(StatusCode::NOT_FOUND, "nothing is served under this path"))
                }
            }
        };
        if who.role != Role::Operator {
            self.board.audit.refused(who, route_name(&route), node.name(), "this login may only look");
            self.board.hurry();
            return Err(Refusal::new(StatusCode::FORBIDDEN, "this login may only look"));
        }
        let action = action.await?;
        let entry = self.board.act(who, node, action).await?;
        Ok(json_response(action::status(&entry), &entry))
    }

    fn detail(&self, node: &Node) -> Bytes {
        detail(&self.board, node)
    }

    fn node_history(&self, node: &Node, query: &str) -> Result<Response, Refusal> {
        let query = Query::new(query, &["resolution", "rows"])?;
        let (resolution, rows) = span(&query)?;
        let past = self.board.node_past(node.name(), resolution, rows, |_| true);
        let past =
            past.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, "there is no such node any more"))?;
        Ok(json_response(StatusCode::OK, &past))
    }

    /// A little of the past of every node.
    fn histories(&self, query: &str) -> Result<Response, Refusal> {
        let query = Query::new(query, &["resolution", "rows", "series"])?;
        let (resolution, rows) = span(&query)?;
        let wanted: Option<Vec<&str>> = query.text("series").map(|series| series.split(',').collect());
        let wanted = |name: &str| wanted.as_ref().is_none_or(|wanted| wanted.contains(&name));
        let nodes: serde_json::Map<String, Value> = self
            .board
            .system
            .nodes()
            .iter()
            .filter_map(|node| {
                let past = self.board.node_past(node.name(), resolution, rows, wanted)?;
                Some((node.name().to_owned(), serde_json::to_value(past).ok()?))
            })
            .collect();
        Ok(json_response(StatusCode::OK, &json!({ "nodes": nodes })))
    }

    /// The present, again and again, as server-sent events. A page that reads slowly misses moments, and nothing waits
    /// for it but its own connection.
    fn events(&self, query: &str) -> Result<Response, Refusal> {
        let query = Query::new(query, &["node", "topology"])?;
        let node = query.text("node").map(str::to_owned);
        let topology = query.text("topology").is_some_and(|wanted| wanted != "false");
        let (board, stop) = (self.board.clone(), self.stop.clone());
        let ticks = board.watch();
        let events = stream::unfold((ticks, true), move |(mut ticks, first)| {
            let (board, stop, node) = (board.clone(), stop.clone(), node.clone());
            async move {
                let tick = if first {
                    ticks.mark_unchanged();
                    Tick::now()
                } else {
                    tokio::select! {
                        biased;
                        () = stop.cancelled() => return None,
                        changed = ticks.changed() => changed.ok()?,
                    }
                    ticks.borrow_and_update().clone()
                };
                let event = event(&board, &tick, node.as_deref(), topology);
                Some((Ok::<_, Infallible>(event), (ticks, false)))
            }
        });
        let mut response = warp::reply::stream(events).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        Ok(response)
    }
}

/// One event; what several pages see alike is written once.
fn event(board: &Board, tick: &Tick, node: Option<&str>, topology: bool) -> Bytes {
    let mut event = BytesMut::from(&b"data: {\"fleet\":"[..]);
    event.extend_from_slice(&tick.rendered("fleet", || fleet(board)));
    if let Some(name) = node {
        let detail = board
            .system
            .node(name)
            .map(|node| tick.rendered(&format!("node {name}"), || detail(board, &node)));
        event.extend_from_slice(b",\"node\":");
        event.extend_from_slice(detail.as_deref().unwrap_or(b"null"));
    }
    if topology {
        let links = tick.rendered("topology", || encoded(&Topology::of(board)));
        event.extend_from_slice(b",\"topology\":");
        event.extend_from_slice(&links);
    }
    event.extend_from_slice(b"}\n\n");
    event.freeze()
}

fn detail(board: &Board, node: &Node) -> Bytes {
    encoded(&NodeDetail::new(node, board.node(node), &board.traffic(node.name())))
}

fn fleet(board: &Board) -> Bytes {
    encoded(&Fleet {
        time: super::now_ms(),
        process: board.process(),
        nodes: board.nodes(),
        audit: board.audit.version(),
    })
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    token: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Where {
    endpoint: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    key: String,
    value: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {
    #[serde(default)]
    arguments: Option<Value>,
}

async fn nothing(stream: Body) -> Result<(), Refusal> {
    body::<Nothing>(stream).await.map(|_| ())
}

async fn endpoint(stream: Body) -> Result<Endpoint, Refusal> {
    let Where { endpoint } = body(stream).await?;
    endpoint.parse().map_err(|error: crate::config::EndpointError| {
        Refusal::new(StatusCode::BAD_REQUEST, format!("`endpoint` is wrong: {error}"))
    })
}

/// The body of a request as JSON; an empty one is an empty object.
async fn body<T: DeserializeOwned>(mut stream: Body) -> Result<T, Refusal> {
    let mut bytes = Vec::new();
    let late = |_| Refusal::new(StatusCode::REQUEST_TIMEOUT, "the body of the request took too long");
    while let Some(chunk) = tokio::time::timeout(BODY_TIME, stream.next()).await.map_err(late)? {
        let chunk =
            chunk.map_err(|()| Refusal::new(StatusCode::BAD_REQUEST, "the body of the request broke off"))?;
        if bytes.len() + chunk.len() > BODY_BYTES {
            return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "the body of the request is too large"));
        }
        bytes.extend_from_slice(&chunk);
    }
    let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
    serde_json::from_slice(text).map_err(|error| {
        Refusal::new(StatusCode::BAD_REQUEST, format!("the body is not what is expected: {error}"))
    })
}

/// The parameters of a query.
struct Query(Vec<(String, String)>);

impl Query {
    fn new(query: &str, known: &[&str]) -> Result<Self, Refusal> {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query)
            .map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "the query is not valid"))?;
        for (position, (name, _)) in pairs.iter().enumerate() {
            let twice = pairs.iter().take(position).any(|(other, _)| other == name);
            if twice || !known.contains(&name.as_str()) {
                let known = known.join("`, `");
                let why = format!("the query has `{}`; it takes each of `{known}` once", printable(name));
                return Err(Refusal::new(StatusCode::BAD_REQUEST, why));
            }
        }
        Ok(Self(pairs))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str, most: usize) -> Result<Option<usize>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let number = text.parse().ok().filter(|number| (1..=most).contains(number));
        let why = || Refusal::new(StatusCode::BAD_REQUEST, format!("`{name}` is a number from 1 to {most}"));
        number.ok_or_else(why).map(Some)
    }
}

/// How much of the past is asked for, and how fine.
fn span(query: &Query) -> Result<(Resolution, usize), Refusal> {
    let resolution = match query.text("resolution") {
        None | Some("second") => Resolution::Second,
        Some("minute") => Resolution::Minute,
        Some(_) => {
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "`resolution` is `second` or `minute`"));
        }
    };
    let most = SECONDS.max(MINUTES);
    Ok((resolution, query.number("rows", most)?.unwrap_or(most)))
}

fn decoded(segment: &str) -> Result<String, Refusal> {
    let text = percent_encoding::percent_decode_str(segment).decode_utf8();
    text.map(Into::into).map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "the path is not UTF-8"))
}

fn allowed(method: &Method, methods: &[Method]) -> Result<(), Refusal> {
    if methods.contains(method) {
        return Ok(());
    }
    let names = methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
    let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, format!("this path takes {names}"));
    Err(match HeaderValue::from_str(&names) {
        Ok(names) => refusal.with(ALLOW, names),
        Err(_) => refusal,
    })
}

const fn route_name(route: &NodeRoute<'_>) -> &'static str {
    match route {
        NodeRoute::Detail | NodeRoute::History => "look",
        NodeRoute::Start => "start",
        NodeRoute::Stop => "stop",
        NodeRoute::Restart => "restart",
        NodeRoute::Drain => "drain",
        NodeRoute::Connect => "connect",
        NodeRoute::Disconnect => "disconnect",
        NodeRoute::Settings => "set",
        NodeRoute::Command(_) => "command",
    }
}

fn encoded(value: &impl Serialize) -> Bytes {
    // our own structs, whose keys are texts
    serde_json::to_vec(value).map(Bytes::from).unwrap_or_else(|_| Bytes::from_static(b"null"))
}

fn raw_json(bytes: Bytes) -> Response {
    let mut response = Response::new(bytes.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn json_response(status: StatusCode, value: &impl Serialize) -> Response {
    let mut response = raw_json(encoded(value));
    *response.status_mut() = status;
    response
}

/// Adds the headers that every answer of the dashboard has: nothing of it is kept, framed, or mixed with what others
/// serve, and the page runs its own scripts and no others.
fn hardened(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
        (X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// `require-trusted-types-for`: even our own scripts can't turn text into HTML.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      manifest-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";

fn boxed<S, B>(stream: S) -> Body
where
    S: Stream<Item = Result<B, warp::Error>> + Send + 'static,
    B: Buf,
{
    stream.map(|chunk| chunk.map(|mut chunk| chunk.copy_to_bytes(chunk.remaining())).map_err(|_| ())).boxed()
}

/// The largest body of a request: a command with its arguments.
const BODY_BYTES: usize = 256 * 1024;
/// How long a client may pause within a body.
const BODY_TIME: std::time::Duration = std::time::Duration::from_secs(10);

/// The methods that a path of the API takes.
#[cfg(test)]
pub(super) fn methods(path: &str) -> Option<&'static [Method]> {
    Route::find(path).map(|route| route.methods())
}
