//! The page and the API as a warp filter.

use std::convert::Infallible;
use std::sync::Arc;

use ::http::header::{CONTENT_TYPE, HeaderValue, SET_COOKIE};
use ::http::{HeaderMap, Method, StatusCode};
use bytes::{Buf, Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _, stream};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use warp::path::FullPath;
use warp::reply::{Reply as _, Response};
use warp::{Filter as _, filters::BoxedFilter};

use super::action::{self, Action};
use super::audit::{self, Who};
use super::auth::Role;
use super::board::{Board, Tick};
use super::input::{Body, Login, Nothing, Query, Run, Set, body, decoded, endpoint, nothing, span};
use super::reply::{allowed, encoded, hardened, json_response, raw_json};
use super::route::{NodeRoute, Route};
use super::settings::Settings;
use super::view::{Fleet, NodeDetail, Topology};
use super::{assets, openapi};
use crate::node::{Node, NodeState};
use crate::text::printable;
use crate::web::{Refusal, RemoteAddress, Tasks};

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
            self.board.audit.refused(who, route.action(), node.name(), "this login may only look");
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

fn boxed<S, B>(stream: S) -> Body
where
    S: Stream<Item = Result<B, warp::Error>> + Send + 'static,
    B: Buf,
{
    stream.map(|chunk| chunk.map(|mut chunk| chunk.copy_to_bytes(chunk.remaining())).map_err(|_| ())).boxed()
}
