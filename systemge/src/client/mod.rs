//! Clients: the typed callers of topics.
//!
//! `#[systemge::node]` generates a client beside the handlers, such as `LifeClient`. Its methods build a [`OneWay`]
//! or a [`Request`], which is sent when it is awaited.

mod asking;
mod exchange;
mod hints;
mod one_way;
mod outcome;
mod request;

use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::connection::outbox::Pushed;
use crate::context::{Context, Core, Hold};
use crate::contract::Contract;
use crate::key::{Keys, name_with};
use crate::node::{Inner, Node, Peer, Provider, Providers, Route};
use crate::payload::{Payload, Reply};
use crate::topic::Topic;
use crate::trace::{ClientSpan, TraceContext};

#[doc(hidden)]
pub use self::hints::{ChosenLater, HasResponses};
pub use self::one_way::{OneWay, SendError, SendMessage};
pub use self::outcome::{Outcome, Refusal, RequestError};
pub use self::request::{AllResponses, FirstResponse, Request, ResponseStream};

/// Whoever can send: a [`Context`], or the handle of a [`Node`].
#[diagnostic::on_unimplemented(
    message = "[SGE0414] `{Self}` cannot make a client",
    label = "neither a context nor a node",
    note = "a client sends for a node: take `ctx: &Context` in the handler and write `Client::new(ctx)`; outside of handlers, a `&Node`"
)]
pub trait Caller: sealed::Sealed {}

mod sealed {
    use super::{Arc, Hold, Inner, TraceContext};

    /// Who sends, and what it holds meanwhile.
    #[expect(unnameable_types, reason = "sealed: only this crate knows who can send")]
    pub struct Origin {
        pub(super) node: Arc<Inner>,
        pub(super) hold: Hold,
        /// The call that sends, where its node traces.
        pub(super) trace: Option<Arc<TraceContext>>,
        /// Whether it is the application that sends, and not the program around it.
        pub(super) application: bool,
    }

    #[expect(unnameable_types, reason = "sealed: only this crate knows who can send")]
    pub trait Sealed {
        #[doc(hidden)]
        fn origin(&self) -> Origin;
    }
}

impl<A> Caller for Context<A> {}
impl<A> sealed::Sealed for Context<A> {
    fn origin(&self) -> sealed::Origin {
        let Core { node, hold, trace, .. } = self.core();
        sealed::Origin { node: node.clone(), hold: *hold, trace: trace.clone(), application: true }
    }
}

impl<C: Caller> Caller for &C {}
impl<C: sealed::Sealed> sealed::Sealed for &C {
    fn origin(&self) -> sealed::Origin {
        (**self).origin()
    }
}

impl Caller for Node {}
impl sealed::Sealed for Node {
    fn origin(&self) -> sealed::Origin {
        let node = self.inner().clone();
        sealed::Origin { node, hold: Hold::Nothing, trace: None, application: false }
    }
}

/// Which of the nodes that handle a topic get it.
#[derive(Debug, Clone, Default)]
enum Target {
    #[default]
    All,
    Any,
    Node(Arc<str>),
}

/// What every generated client holds; `N` is the number of its topics.
#[doc(hidden)]
#[derive(Clone)]
pub struct ClientCore<const N: usize> {
    inner: ClientInner,
    /// Where each topic goes, looked up once.
    routes: [OnceLock<Arc<Route>>; N],
}

#[derive(Clone)]
struct ClientInner {
    node: Arc<Inner>,
    hold: Hold,
    /// Whether the node traces.
    traces: bool,
    /// The call whose context it was made from, if so.
    trace: Option<Arc<TraceContext>>,
    target: Target,
    /// How long a node is waited for that handles the topic.
    patience: Option<Duration>,
    /// The contract that declares the topics, where the application calls it.
    contract: Option<&'static Contract>,
    /// What names the instance that is asked.
    keys: Option<Keys>,
}

impl<const N: usize> ClientCore<N> {
    /// A client that asks every node that handles the topic.
    #[must_use]
    pub fn new(caller: &impl Caller) -> Self {
        let sealed::Origin { node, hold, trace, .. } = caller.origin();
        Self {
            inner: ClientInner {
                traces: node.config().tracing,
                trace,
                node,
                hold,
                target: Target::All,
                patience: None,
                contract: None,
                keys: None,
            },
            routes: [const { OnceLock::new() }; N],
        }
    }

    /// The client of a contract, which asks every node that handles the topic.
    #[must_use]
    pub fn of_contract(caller: &impl Caller, contract: &'static Contract) -> Self {
        let mut core = Self::new(caller);
        core.inner.contract = caller.origin().application.then_some(contract);
        core
    }

    /// The client of one instance.
    #[must_use]
    pub fn keyed<const M: usize>(&self, keys: &[(&'static str, Cow<'_, str>)]) -> ClientCore<M> {
        let keys = keys.iter().map(|(key, segment)| (*key, segment.clone().into_owned())).collect();
        let inner = ClientInner { keys: Some(keys), ..self.inner.clone() };
        ClientCore { inner, routes: [const { OnceLock::new() }; M] }
    }

    /// Asks only the node of that name.
    #[must_use]
    pub fn to(mut self, node: impl Into<String>) -> Self {
        self.inner.target = Target::Node(node.into().into());
        self
    }

    /// Asks one of the nodes that handle the topic, the less busy of two random ones; another one if it refuses the
    /// request, or its connection can't take it.
    #[must_use]
    pub fn any(mut self) -> Self {
        self.inner.target = Target::Any;
        self
    }

    /// Waits so long for a node that handles the topic, if none is connected; with [`any`](Self::any), also if those
    /// that are connected refuse.
    #[must_use]
    pub fn wait_for_provider(mut self, time: Duration) -> Self {
        self.inner.patience = Some(time);
        self
    }

    /// A message; `index` is the topic's place in the client.
    #[inline]
    pub fn message<P: Payload>(&self, index: usize, topic: &'static Topic, payload: P) -> OneWay<'_, P> {
        OneWay::new(self.destination(index, topic), payload)
    }

    /// A request; `index` is the topic's place in the client.
    #[inline]
    pub fn request<P: Payload, R: Reply>(
        &self,
        index: usize,
        topic: &'static Topic,
        payload: P,
    ) -> Request<'_, P, R> {
        Request::new(self.destination(index, topic), payload)
    }

    fn destination(&self, index: usize, topic: &'static Topic) -> Destination<'_> {
        let route = self.routes[index].get_or_init(|| self.inner.route(topic));
        Destination { client: &self.inner, route }
    }
}

impl ClientInner {
    /// The span of a request, if the node traces.
    #[inline]
    fn request_span(&self, route: &Route) -> Option<Box<ClientSpan>> {
        self.traces.then(|| ClientSpan::request(self.node.name(), route.name(), self.trace.as_deref()))
    }

    /// The span of a message, if the node traces.
    fn message_span(&self, route: &Route) -> Option<Box<ClientSpan>> {
        self.traces.then(|| ClientSpan::message(self.node.name(), route.name(), self.trace.as_deref()))
    }

    /// The way of a topic: looked up once by every client.
    #[cold]
    fn route(&self, topic: &'static Topic) -> Arc<Route> {
        if let Some(contract) = self.contract {
            self.node.calls(contract);
        }
        // all instances are counted together: there may be any number of them
        let counts = self.node.metrics().sent().of(topic);
        let Some(keys) = &self.keys else { return self.node.router().route(topic, counts) };
        match name_with(topic.written_name(), keys) {
            Ok(name) => self.node.router().route(&topic.clone().named(name), counts),
            Err(error) => Route::nowhere(topic.clone(), counts, error),
        }
    }
}

impl<const N: usize> fmt::Debug for ClientCore<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("node", &self.inner.node.name())
            .field("target", &self.inner.target)
            .finish_non_exhaustive()
    }
}

/// Where one message or request goes.
#[derive(Clone, Copy)]
struct Destination<'c> {
    client: &'c ClientInner,
    route: &'c Arc<Route>,
}

impl Destination<'_> {
    /// The nodes that handle the topic now.
    #[inline]
    fn providers(&self) -> Providers {
        self.route.providers()
    }

    /// Those of them that the client's target leaves, each given to `each`; one of them is meant if any one will do.
    #[inline]
    fn select<'p>(&self, providers: &'p [Provider], each: impl FnMut(&'p Provider)) {
        match &self.client.target {
            Target::All | Target::Any => providers.iter().for_each(each),
            Target::Node(name) => {
                providers.iter().filter(|provider| provider.peer().name() == name).for_each(each);
            }
        }
    }

    /// Waits until the client's target leaves a node that is none of `asked`, or until that is no longer possible.
    fn look(&self, until: Instant, asked: Vec<Arc<Peer>>) -> Looking {
        let (client, route) = (self.client.clone(), self.route.clone());
        Box::pin(async move {
            let found = client.node.router().until(|| {
                let mut found = !client.node.can_send();
                Destination { client: &client, route: &route }.select(&route.providers(), |provider| {
                    found |= !asked.iter().any(|peer| Arc::ptr_eq(peer, provider.peer()));
                });
                found
            });
            // whoever looks sees for itself what came of it
            let _ = tokio::time::timeout_at(until.into(), found).await;
        })
    }
}

/// Waits for a node that can be asked.
type Looking = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Hands something to one of the providers that fit: the less busy of two random ones, another if its connection
/// can't take it now. `None` if there is nobody; the queue of the one that is returned may be full.
fn hand_to_one<T>(
    providers: &[Provider],
    mut fits: impl FnMut(&Provider) -> bool,
    push: impl Fn(&Provider) -> Pushed<T>,
) -> Option<(&Provider, Pushed<T>)> {
    let mut passed: Vec<&Provider> = Vec::new();
    let mut full = None;
    loop {
        let provider = less_busy(providers, |provider| {
            fits(provider) && !passed.iter().any(|other| std::ptr::eq(*other, provider))
        });
        let Some(provider) = provider else { return full.map(|provider| (provider, Pushed::Full)) };
        match push(provider) {
            Pushed::Full => full = full.or(Some(provider)),
            Pushed::Closed => {}
            settled => return Some((provider, settled)),
        }
        passed.push(provider);
    }
}

/// The less busy of two random providers that fit (Mitzenmacher, "The Power of Two Choices in Randomized Load
/// Balancing").
fn less_busy(providers: &[Provider], mut fits: impl FnMut(&Provider) -> bool) -> Option<&Provider> {
    let count = providers.iter().filter(|provider| fits(provider)).count();
    let mut nth = |place: usize| providers.iter().filter(|provider| fits(provider)).nth(place);
    if count < 2 {
        return nth(0);
    }
    let first = fastrand::usize(..count);
    let second = (first + fastrand::usize(1..count)) % count;
    let (first, second) = (nth(first)?, nth(second)?);
    let busy = |provider: &Provider| provider.peer().outbox().in_flight();
    Some(if busy(second) < busy(first) { second } else { first })
}
