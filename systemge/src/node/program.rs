//! What a node runs: an application and its components, without its type.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::handler::{Handler, HandlerList, TopicTable};
use crate::application::{Application, HookResult, Invocation, State};
use crate::command::{CommandTable, Commands};
use crate::context::Core;
use crate::contract::Contracts;
use crate::key::KeyError;
use crate::layer::{AnyLayer, Layers};
use crate::topic::TopicName;

type Hook = Box<dyn Fn(Core) -> BoxFuture<'static, HookResult> + Send + Sync>;

/// What a node runs: an application and its components, without its type.
pub(crate) struct Program {
    pub(crate) handlers: Arc<[Handler]>,
    /// Why a topic has no name: a key of the application.
    pub(crate) unnamed: Option<KeyError>,
    /// The contracts that it lists.
    pub(crate) contracts: Contracts,
    /// What stands around the handlers, the outermost first.
    pub(crate) layers: Layers,
    pub(crate) commands: Commands,
    pub(crate) on_start: Option<Hook>,
    pub(crate) on_stop: Option<Hook>,
    /// The kinds of nodes that the application makes.
    pub(crate) kinds: Vec<String>,
    /// Whether handlers wait for a lock of the application's state.
    pub(crate) has_lock: bool,
    /// Makes what the web components serve, anew for every start.
    #[cfg(feature = "_web")]
    pub(crate) web: Box<dyn Fn() -> crate::web::WebParts + Send + Sync>,
    #[cfg(feature = "_web")]
    pub(crate) needs: WebNeeds,
    /// The HTTP component.
    #[cfg(feature = "http")]
    pub(crate) http: crate::http::Http,
    /// The clients of the WebSocket component.
    #[cfg(feature = "websocket")]
    pub(crate) websocket: crate::websocket::WebSocket,
}

/// The web components that an application has, each of which needs its section of the configuration.
#[cfg(feature = "_web")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct WebNeeds {
    pub(crate) http: bool,
    pub(crate) websocket: bool,
}

impl Program {
    pub(crate) fn new<A: Application>(application: A) -> Self {
        let components = A::__components();
        let kinds = application.__kinds();
        let keys = application.__keys().into();
        let state = Arc::new(State::new(application, components.exclusive()));
        let mut topics = TopicTable::new(state.clone(), keys);
        let mut commands = CommandTable::new(state.clone());
        let (mut on_start, mut on_stop) = (Vec::new(), Vec::new());
        for block in components.nodes {
            (block.topics)(&mut topics);
            on_start.extend(block.on_start.map(|hook| erase(&state, hook)));
            on_stop.extend(block.on_stop.map(|hook| erase(&state, hook)));
        }
        if let Some(block) = components.commands {
            (block.commands)(&mut commands);
        }
        let HandlerList { handlers, unnamed, .. } = topics.finish();
        #[cfg(feature = "http")]
        let has_http = components.http.is_some();
        #[cfg(feature = "http")]
        let http = components.http.as_ref().map(|block| crate::http::Declared::of(block, state.clone()));
        #[cfg(feature = "http")]
        let http = crate::http::Http::new(http.unwrap_or_default());
        #[cfg(feature = "websocket")]
        let hub = crate::websocket::WebSocket::of::<A>();
        #[cfg(feature = "_web")]
        let needs = WebNeeds {
            #[cfg(feature = "http")]
            http: has_http,
            #[cfg(not(feature = "http"))]
            http: false,
            #[cfg(feature = "websocket")]
            websocket: components.websocket.is_some(),
            #[cfg(not(feature = "websocket"))]
            websocket: false,
        };
        #[cfg(feature = "_web")]
        let web = {
            #[cfg(feature = "websocket")]
            let state = state.clone();
            #[cfg(feature = "websocket")]
            let hub = hub.clone();
            #[cfg(feature = "http")]
            let http = http.clone();
            #[cfg(feature = "websocket")]
            let websocket = components.websocket;
            move || crate::web::WebParts {
                #[cfg(feature = "http")]
                http: http.clone(),
                #[cfg(feature = "http")]
                has_http,
                #[cfg(feature = "websocket")]
                topics: websocket.as_ref().map(|block| crate::websocket::WebSocketTopics::of(block, &state)),
                #[cfg(feature = "websocket")]
                hub: hub.clone(),
            }
        };
        Self {
            #[cfg(feature = "_web")]
            web: Box::new(web),
            #[cfg(feature = "_web")]
            needs,
            #[cfg(feature = "http")]
            http,
            #[cfg(feature = "websocket")]
            websocket: hub,
            handlers: handlers.into(),
            unnamed,
            contracts: A::__CONTRACTS,
            layers: Layers::default(),
            commands: commands.finish(),
            on_start: in_turn(on_start, false),
            on_stop: in_turn(on_stop, true),
            kinds,
            has_lock: state.is_locked(),
        }
    }

    /// Adds a layer inside of those that are there.
    pub(crate) fn add_layer(&mut self, layer: Arc<dyn AnyLayer>) {
        self.layers = self.layers.iter().cloned().chain([layer]).collect();
    }

    /// Puts all that there is inside of further layers.
    pub(crate) fn put_inside(&mut self, layers: &[Arc<dyn AnyLayer>]) {
        if !layers.is_empty() {
            self.layers = layers.iter().chain(&*self.layers).cloned().collect();
        }
    }

    /// The first topic that is declared twice.
    pub(crate) fn duplicate_topic(&self) -> Option<TopicName> {
        let mut names = std::collections::HashSet::new();
        self.handlers
            .iter()
            .map(|handler| handler.topic().topic_name())
            .find(|name| !names.insert(*name))
            .cloned()
    }
}

fn erase<A: Application>(
    state: &Arc<State<A>>,
    hook: fn(Invocation<A>) -> BoxFuture<'static, HookResult>,
) -> Hook {
    let state = state.clone();
    Box::new(move |core| hook(Invocation::new(state.clone(), core)))
}

/// The hooks of several blocks as one, each after the other. After one that fails, the others run only where `all` do.
fn in_turn(mut hooks: Vec<Hook>, all: bool) -> Option<Hook> {
    if hooks.len() < 2 {
        return hooks.pop();
    }
    let hooks: Arc<[Hook]> = hooks.into();
    Some(Box::new(move |core| {
        let hooks = hooks.clone();
        Box::pin(async move {
            let mut outcome = Ok(());
            for hook in &*hooks {
                outcome = outcome.and(hook(core.clone()).await);
                if outcome.is_err() && !all {
                    break;
                }
            }
            outcome
        })
    }))
}
