//! Calls with layers around their handlers.

use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::handler::{Call, Completion, Worker};
use crate::cancellation::Cancellation;
use crate::context::{self, Core};
use crate::layer::{self, Layers, Next, Outcome};
use crate::topic::Topic;
use crate::trace::TraceContext;

/// Makes a place for calls of the handler.
pub(super) type MakeInner = dyn Fn(&Core) -> Box<dyn Worker> + Send + Sync;

/// A place for calls with layers. The layers' future owns all that a call needs, and gives it back for the next one.
pub(super) struct LayeredWorker {
    layers: Layers,
    topic: Topic,
    make: Box<MakeInner>,
    core: Core,
    /// What the last call gave back.
    spare: Option<Box<Place>>,
    running: Option<BoxFuture<'static, Box<Place>>>,
    cancellation: Option<Arc<Cancellation>>,
}

struct Place {
    call: layer::Call,
    inside: Inside,
}

/// What is inside of all layers: the handler, and how its call ends.
pub(crate) struct Inside {
    worker: Box<dyn Worker>,
    call: Call,
    deadline: Option<Instant>,
    payload: Vec<u8>,
    response: Vec<u8>,
    cancellation: Option<Arc<Cancellation>>,
    completion: Option<Completion>,
}

impl Inside {
    /// Runs the handler.
    pub(crate) async fn run(&mut self) -> Outcome {
        let started = crate::clock::now();
        let Self { worker, call, deadline, payload, response, cancellation, .. } = self;
        let completion = match worker.start(*call, *deadline, payload) {
            Err(why) => Completion::Undecodable(why),
            Ok(()) => {
                if let (Some(outer), Some(inner)) = (cancellation, worker.cancellation()) {
                    outer.pass_on(inner.clone());
                }
                std::future::poll_fn(|context| worker.attempt(context, *call, response)).await
            }
        };
        let outcome = Outcome::new(&completion, crate::clock::now().saturating_duration_since(started));
        self.completion = Some(completion);
        outcome
    }

    /// Ends the call without its handler.
    pub(crate) fn end(&mut self, completion: Completion) -> Outcome {
        let outcome = Outcome::new(&completion, Duration::ZERO);
        self.completion = Some(completion);
        outcome
    }
}

impl LayeredWorker {
    pub(super) fn new(layers: Layers, topic: Topic, core: &Core, make: Box<MakeInner>) -> Self {
        let core = core.clone();
        Self { layers, topic, make, core, spare: None, running: None, cancellation: None }
    }

    /// A context for the layers, which hold nothing of the application.
    fn context(&self, deadline: Option<Instant>) -> context::Context {
        let hold = match self.core.hold {
            context::Hold::Turn => context::Hold::Turn,
            context::Hold::State | context::Hold::Nothing => context::Hold::Nothing,
        };
        let cancellation = self.cancellation.clone();
        context::Context::from_core(Core { deadline, cancellation, hold, ..self.core.clone() })
    }
}

impl Worker for LayeredWorker {
    fn trace(&mut self, trace: Option<Arc<TraceContext>>) {
        if let Some(place) = &mut self.spare {
            place.inside.worker.trace(trace.clone());
        }
        self.core.trace = trace;
    }

    fn prepare(&mut self, call: Call, deadline: Option<Instant>, payload: &[u8]) -> Result<(), String> {
        self.cancellation = call.token.map(|_| Arc::default());
        let context = self.context(deadline);
        let mut place = self.spare.take().unwrap_or_else(|| {
            Box::new(Place {
                call: layer::Call::new(self.topic.clone(), context.clone()),
                inside: Inside {
                    worker: (self.make)(&self.core),
                    call,
                    deadline,
                    payload: Vec::new(),
                    response: Vec::new(),
                    cancellation: None,
                    completion: None,
                },
            })
        });
        place.call.begin(payload.len(), context);
        let inside = &mut place.inside;
        (inside.call, inside.deadline, inside.completion) = (call, deadline, None);
        inside.cancellation.clone_from(&self.cancellation);
        inside.payload.clear();
        inside.payload.extend_from_slice(payload);
        inside.response.clear();
        let layers = self.layers.clone();
        self.running = Some(Box::pin(async move {
            let Place { call, inside } = &mut *place;
            let outcome = Next::new(&layers, call, inside).run().await;
            // how the call ended is known inside: what a layer returns is only a report
            drop(outcome);
            place
        }));
        Ok(())
    }

    fn step(&mut self, context: &mut Context<'_>, _: Call, out: &mut Vec<u8>) -> Poll<Completion> {
        let Some(running) = &mut self.running else { return Poll::Ready(Completion::Done) };
        let mut place = ready!(running.poll_unpin(context));
        self.running = None;
        let inside = &mut place.inside;
        out.extend_from_slice(&inside.response);
        inside.cancellation = None;
        let completion = inside.completion.take();
        self.spare = Some(place);
        Poll::Ready(completion.unwrap_or_else(|| {
            Completion::Panicked("a layer of the node neither ran nor refused the call".to_owned())
        }))
    }

    fn clear(&mut self) {
        self.running = None;
    }

    fn cancellation(&self) -> Option<&Arc<Cancellation>> {
        self.cancellation.as_ref()
    }
}
