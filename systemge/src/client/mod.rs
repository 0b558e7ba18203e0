//! Clients: the typed callers of topics.
//!
//! `#[systemge::node]` generates a client beside the handlers, such as `LifeClient`. Its methods build a [`OneWay`]
//! or a [`Request`], which is sent when it is awaited.

mod exchange;
mod one_way;
mod outcome;
mod request;

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::context::{Context, Hold};
use crate::node::{Inner, Node, Provider, Providers, Route};
use crate::payload::{Payload, Reply};
use crate::topic::Topic;

#[doc(hidden)]
pub use self::one_way::HasResponses;
pub use self::one_way::{OneWay, SendError, SendMessage};
pub use self::outcome::{Outcome, Refusal, RequestError};
pub use self::request::{AllResponses, FirstResponse, Request, ResponseStream};

/// Whoever can send: a [`Context`], or the handle of a [`Node`].
pub trait Caller: sealed::Sealed {}

mod sealed {
    use super::{Arc, Hold, Inner};

    /// Who sends, and what it holds meanwhile.
    #[expect(unnameable_types, reason = "sealed: only this crate knows who can send")]
    pub struct Origin {
        pub(super) node: Arc<Inner>,
        pub(super) hold: Hold,
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
        sealed::Origin { node: self.core().node.clone(), hold: self.core().hold }
    }
}

impl Caller for Node {}
impl sealed::Sealed for Node {
    fn origin(&self) -> sealed::Origin {
        sealed::Origin { node: self.inner().clone(), hold: Hold::Nothing }
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
    target: Target,
}

impl<const N: usize> ClientCore<N> {
    /// A client that asks every node that handles the topic.
    #[must_use]
    pub fn new(caller: &impl Caller) -> Self {
        let sealed::Origin { node, hold } = caller.origin();
        Self {
            inner: ClientInner { node, hold, target: Target::All },
            routes: [const { OnceLock::new() }; N],
        }
    }

    /// Asks only the node of that name.
    #[must_use]
    pub fn to(mut self, node: impl Into<String>) -> Self {
        self.inner.target = Target::Node(node.into().into());
        self
    }

    /// Asks one of the nodes that handle the topic, the less busy of two random ones.
    #[must_use]
    pub fn any(mut self) -> Self {
        self.inner.target = Target::Any;
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
        let route = self.routes[index].get_or_init(|| self.inner.node.router().route(topic));
        Destination { client: &self.inner, route }
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

    /// Those of them that the client's target leaves, each given to `each`.
    #[inline]
    fn select(&self, providers: &[Provider], mut each: impl FnMut(&Provider)) {
        match &self.client.target {
            Target::All => providers.iter().for_each(each),
            Target::Node(name) => {
                providers.iter().filter(|provider| provider.peer().name() == name).for_each(each)
            }
            Target::Any => {
                if let Some(provider) = less_busy(providers) {
                    each(provider);
                }
            }
        }
    }
}

/// The less busy of two random providers (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing").
fn less_busy(providers: &[Provider]) -> Option<&Provider> {
    match providers {
        [] => None,
        [only] => Some(only),
        several => {
            let first = fastrand::usize(..several.len());
            let second = (first + fastrand::usize(1..several.len())) % several.len();
            let (first, second) = (&several[first], &several[second]);
            Some(if second.peer().outbox().in_flight() < first.peer().outbox().in_flight() {
                second
            } else {
                first
            })
        }
    }
}
