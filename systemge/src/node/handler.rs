//! Handlers of topics: from bytes to the user's code and back.
//!
//! A [`Worker`] is the place where one call of one handler runs. It is used again for the next call, its memory and
//! its references included, so that a handler that doesn't wait costs neither an allocation nor a reference count.

use std::marker::PhantomData;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::Sleep;

use super::layered::LayeredWorker;
use super::traced::TracedWorker;
use crate::application::{Application, Invocation, State};
use crate::cancellation::Cancellation;
use crate::context::Core;
use crate::error::panic_text;
use crate::key::{KeyError, Keys, name_with};
use crate::layer::Layers;
use crate::payload::codec::{decode, encode};
use crate::payload::{OneWayReply, Payload, Reply};
use crate::protocol::frame::{Encoding, Status, Token, begin_response, finish, write_text_response};
use crate::topic::{Topic, TopicName};
use crate::trace::TraceContext;

/// What the options of `#[topic(..)]` say.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_structs, reason = "generated code builds it")]
pub struct TopicOptions {
    /// The handler takes `&mut self`.
    pub exclusive: bool,
    /// The handler runs in a task of its own.
    pub spawn: bool,
    /// How long a call may take before it is dropped where it waits.
    pub timeout: Option<Duration>,
    /// Other names that the topic is announced under.
    pub aliases: &'static [&'static str],
}

impl TopicOptions {
    /// No option at all.
    pub const DEFAULT: Self = Self { exclusive: false, spawn: false, timeout: None, aliases: &[] };
}

/// The handler of one topic of one node.
#[derive(Clone)]
pub(crate) struct Handler {
    topic: Topic,
    /// The topic's name as it is written in the program, with the placeholders of keys: what it is counted under.
    pattern: &'static str,
    options: TopicOptions,
    /// The other names that the topic is announced under.
    aliases: Arc<[TopicName]>,
    worker: Arc<MakeWorker>,
}

type MakeWorker = dyn Fn(&Core) -> Box<dyn Worker> + Send + Sync;

impl Handler {
    pub(crate) const fn topic(&self) -> &Topic {
        &self.topic
    }

    /// The topic's name as it is written in the program: that of a keyed topic is the same for all instances.
    pub(crate) const fn pattern(&self) -> &'static str {
        self.pattern
    }

    pub(crate) const fn options(&self) -> TopicOptions {
        self.options
    }

    pub(crate) fn aliases(&self) -> &[TopicName] {
        &self.aliases
    }

    /// A place where one call can run.
    pub(crate) fn worker(&self, core: &Core, layers: &Layers) -> Box<dyn Worker> {
        let worker = self.layered_worker(core, layers);
        if core.node.config().tracing {
            Box::new(TracedWorker::new(worker, core, &self.topic))
        } else {
            worker
        }
    }

    /// A place where one call can run, with the layers of the node.
    fn layered_worker(&self, core: &Core, layers: &Layers) -> Box<dyn Worker> {
        if layers.is_empty() {
            return self.inner_worker(core);
        }
        let inner = self.clone();
        let make = Box::new(move |core: &Core| inner.inner_worker(core));
        Box::new(LayeredWorker::new(layers.clone(), self.topic.clone(), core, make))
    }

    /// A place where one call can run, without the layers of the node.
    fn inner_worker(&self, core: &Core) -> Box<dyn Worker> {
        let worker = (self.worker)(core);
        match self.options.timeout {
            Some(limit) => Box::new(LimitedWorker { worker, limit, timer: None }),
            None => worker,
        }
    }
}

/// A call that runs: what its response needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    /// What the response belongs to; `None` for a message.
    pub(crate) token: Option<Token>,
    pub(crate) encoding: Encoding,
    /// The largest frame that the caller accepts.
    pub(crate) frame_limit: u32,
}

/// How a call went.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Completion {
    Done,
    /// The handler's own error; of a message with its text, of a request without, since the caller has it.
    Failed(Option<String>),
    Panicked(String),
    /// The response could not be written.
    Unencodable(String),
    /// The handler's own time limit was over, and it was dropped where it waited.
    TimedOut(Duration),
    /// The handler was dropped where it waited, since its node stops.
    Ended,
    /// Layers stand around the handler, and the payload did not decode when it was to run.
    Undecodable(String),
    /// A layer refused the call.
    NotAllowed(String),
    /// A layer refused the call, since there is too much to do.
    Overloaded(String),
}

/// A place where one call of one handler runs. What it does not know of types is in the methods of `dyn Worker`: it
/// is compiled once, not for every topic of a program.
pub(crate) trait Worker: Send {
    /// Says of which trace the next call is a part; where the node traces, before every call.
    fn trace(&mut self, trace: Option<Arc<TraceContext>>);
    /// Decodes the payload and gets the call ready to be polled.
    fn prepare(
        &mut self,
        call: Call,
        deadline: Option<std::time::Instant>,
        payload: &[u8],
    ) -> Result<(), String>;
    /// Goes on with the call; a response is appended to `out` when it is done.
    fn step(&mut self, context: &mut Context<'_>, call: Call, out: &mut Vec<u8>) -> Poll<Completion>;
    /// Drops what is left of a call.
    fn clear(&mut self);
    /// How the call is told that nobody waits for its response any more; `None` for messages.
    fn cancellation(&self) -> Option<&Arc<Cancellation>>;
}

impl dyn Worker {
    /// Decodes the payload and gets the call ready to be polled. A panic of the user's `Deserialize` is an error.
    #[inline(always)]
    pub(crate) fn start(
        &mut self,
        call: Call,
        deadline: Option<std::time::Instant>,
        payload: &[u8],
    ) -> Result<(), String> {
        std::panic::catch_unwind(AssertUnwindSafe(|| self.prepare(call, deadline, payload)))
            .map_err(|panic| panic_text(&*panic))
            .flatten()
    }

    /// Goes on with the call; its response is appended to `out` when it is done, and none if it went wrong. A panic ends
    /// the call.
    #[inline]
    pub(crate) fn attempt(
        &mut self,
        context: &mut Context<'_>,
        call: Call,
        out: &mut Vec<u8>,
    ) -> Poll<Completion> {
        let keep = out.len();
        let polled = std::panic::catch_unwind(AssertUnwindSafe(|| self.step(context, call, out)));
        if let (Ok(Poll::Ready(_)), Some(cancellation)) = (&polled, self.cancellation()) {
            cancellation.over();
        }
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(completion)) => {
                if !matches!(completion, Completion::Done | Completion::Failed(_)) {
                    out.truncate(keep);
                }
                Poll::Ready(completion)
            }
            Err(panic) => {
                out.truncate(keep);
                // the call's own reference has gone with it, so that there is no telling who else has one
                if let Some(cancellation) = self.cancellation() {
                    cancellation.cancel();
                }
                // what a panic leaves is dropped here; if that panics, too, the call is left as it is
                let cleared = std::panic::catch_unwind(AssertUnwindSafe(|| self.clear()));
                drop(cleared);
                Poll::Ready(Completion::Panicked(panic_text(&*panic)))
            }
        }
    }

    /// The same; whoever waits for a response is told what went wrong.
    pub(crate) fn poll(
        &mut self,
        context: &mut Context<'_>,
        call: Call,
        out: &mut Vec<u8>,
    ) -> Poll<Completion> {
        let completion = ready!(self.attempt(context, call, out));
        if let (Some(token), false) =
            (call.token, matches!(completion, Completion::Done | Completion::Failed(_)))
        {
            completion.answer(token, out);
        }
        Poll::Ready(completion)
    }
}

impl Completion {
    /// The word for it in spans: that of the metrics.
    pub(super) const fn outcome(&self) -> &'static str {
        match self {
            Self::Done => "success",
            Self::Failed(_) => "failed",
            Self::Panicked(_) => "panicked",
            Self::Unencodable(_) => "unencodable",
            Self::TimedOut(_) => "timed_out",
            Self::Ended => "ended",
            Self::Undecodable(_) => "undecodable",
            Self::NotAllowed(_) | Self::Overloaded(_) => "refused",
        }
    }

    /// Tells the caller what went wrong.
    #[cold]
    fn answer(&self, token: Token, out: &mut Vec<u8>) {
        let (status, text) = match self {
            Self::Done | Self::Failed(_) => return,
            Self::Panicked(text) => (Status::Panicked, text),
            Self::Unencodable(text) => (Status::Unencodable, text),
            Self::TimedOut(limit) => {
                (Status::Cancelled, &format!("it took longer than its limit of {limit:?}"))
            }
            Self::Ended => (Status::Cancelled, &String::new()),
            Self::Undecodable(text) => (Status::Undecodable, text),
            Self::NotAllowed(text) => (Status::NotAllowed, text),
            Self::Overloaded(text) => (Status::Overloaded, text),
        };
        write_text_response(out, token, status, text);
    }
}

/// A place for calls with a time limit. The timer is made when a call waits, so that one that doesn't costs nothing.
struct LimitedWorker {
    worker: Box<dyn Worker>,
    limit: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Worker for LimitedWorker {
    fn trace(&mut self, trace: Option<Arc<TraceContext>>) {
        self.worker.trace(trace);
    }

    fn prepare(
        &mut self,
        call: Call,
        deadline: Option<std::time::Instant>,
        payload: &[u8],
    ) -> Result<(), String> {
        self.timer = None;
        let own = crate::clock::now().checked_add(self.limit);
        let deadline = [deadline, own].into_iter().flatten().min();
        self.worker.prepare(call, deadline, payload)
    }

    fn step(&mut self, context: &mut Context<'_>, call: Call, out: &mut Vec<u8>) -> Poll<Completion> {
        if let Poll::Ready(completion) = self.worker.step(context, call, out) {
            return Poll::Ready(completion);
        }
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(self.limit)));
        if timer.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        // what the handler has begun elsewhere learns that there will be no response
        if let Some(cancellation) = self.worker.cancellation() {
            cancellation.cancel();
        }
        self.worker.clear();
        Poll::Ready(Completion::TimedOut(self.limit))
    }

    fn clear(&mut self) {
        self.worker.clear();
    }

    fn cancellation(&self) -> Option<&Arc<Cancellation>> {
        self.worker.cancellation()
    }
}

/// Collects the topics of an application.
#[doc(hidden)]
pub struct TopicTable<A> {
    state: Arc<State<A>>,
    list: HandlerList,
}

/// The handlers, whatever their application.
pub(crate) struct HandlerList {
    pub(crate) handlers: Vec<Handler>,
    /// What names this instance of the application.
    keys: Keys,
    /// Why a topic has no name.
    pub(crate) unnamed: Option<KeyError>,
}

impl<A: Application> TopicTable<A> {
    pub(crate) const fn new(state: Arc<State<A>>, keys: Keys) -> Self {
        Self { state, list: HandlerList { handlers: Vec::new(), keys, unnamed: None } }
    }

    pub(crate) fn finish(self) -> HandlerList {
        self.list
    }

    /// Adds the handler of a one-way topic.
    pub fn message<P, R, H, F>(&mut self, name: &'static str, options: TopicOptions, handler: H)
    where
        P: Payload,
        R: OneWayReply,
        H: Fn(Invocation<A>, P) -> F + Copy + Send + Sync + 'static,
        F: Future<Output = (R, Invocation<A>)> + Send + 'static,
    {
        let topic = const { Topic::one_way::<P>("") };
        self.add(name, topic, options, handler, finish_message::<R>);
    }

    /// Adds the handler of a request.
    pub fn request<P, R, H, F>(&mut self, name: &'static str, options: TopicOptions, handler: H)
    where
        P: Payload,
        R: Reply,
        H: Fn(Invocation<A>, P) -> F + Copy + Send + Sync + 'static,
        F: Future<Output = (R, Invocation<A>)> + Send + 'static,
    {
        let topic = const { Topic::request::<P, R>("") };
        self.add(name, topic, options, handler, finish_request::<R>);
    }

    fn add<P, R, H, F>(
        &mut self,
        name: &'static str,
        topic: Topic,
        options: TopicOptions,
        handler: H,
        finish: Finish<R>,
    ) where
        P: Payload,
        R: Send + 'static,
        H: Fn(Invocation<A>, P) -> F + Copy + Send + Sync + 'static,
        F: Future<Output = (R, Invocation<A>)> + Send + 'static,
    {
        let state = self.state.clone();
        let worker = move |core: &Core| -> Box<dyn Worker> {
            Box::new(TypedWorker {
                handler,
                origin: Invocation::new(state.clone(), core.clone()),
                spare: None,
                cancellation: None,
                future: Box::pin(None),
                finish,
                payload: PhantomData,
            })
        };
        self.list.push(name, topic, options, Arc::new(worker));
    }
}

impl HandlerList {
    /// Adds a handler under its name and its other names.
    fn push(&mut self, written: &'static str, topic: Topic, options: TopicOptions, worker: Arc<MakeWorker>) {
        let named = |name: &&'static str| name_with(name, &self.keys);
        let names = named(&written).and_then(|name| {
            let aliases: Result<Arc<[TopicName]>, KeyError> = options.aliases.iter().map(named).collect();
            Ok((name, aliases?))
        });
        match names {
            Ok((name, aliases)) => {
                let patterns = options.aliases.iter().copied().chain([written]);
                let topics = aliases.iter().chain([&name]).map(|name| topic.clone().named(name.clone()));
                self.handlers.extend(topics.zip(patterns).map(|(topic, pattern)| Handler {
                    topic,
                    pattern,
                    options,
                    aliases: aliases.clone(),
                    worker: worker.clone(),
                }));
            }
            Err(error) => self.unnamed = Some(error),
        }
    }
}

/// Runs a handler that blocks its thread on a thread where that keeps nobody from anything. A panic in it goes on here.
#[doc(hidden)]
pub async fn blocking<A: Application, R: Send + 'static>(
    invocation: Invocation<A>,
    call: impl FnOnce(Invocation<A>) -> (R, Invocation<A>) + Send + 'static,
) -> (R, Invocation<A>) {
    let node = invocation.core.node.clone();
    let span = tracing::Span::current();
    match node.spawn_blocking(move || span.in_scope(|| call(invocation))).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // the runtime ends, and with it whoever waits here
            Err(_) => std::future::pending().await,
        },
    }
}

/// Turns what a handler returned into a response and its completion.
type Finish<R> = fn(R, Call, &mut Vec<u8>) -> Completion;

struct TypedWorker<A, P, R, H, F> {
    handler: H,
    /// What a call gets if the last one took its own with it, by a panic.
    origin: Invocation<A>,
    /// What the last call gave back.
    spare: Option<Invocation<A>>,
    cancellation: Option<Arc<Cancellation>>,
    future: Pin<Box<Option<F>>>,
    finish: Finish<R>,
    payload: PhantomData<fn(P)>,
}

impl<A, P, R, H, F> Worker for TypedWorker<A, P, R, H, F>
where
    A: Application,
    P: Payload,
    R: Send + 'static,
    H: Fn(Invocation<A>, P) -> F + Copy + Send + Sync + 'static,
    F: Future<Output = (R, Invocation<A>)> + Send + 'static,
{
    fn trace(&mut self, trace: Option<Arc<TraceContext>>) {
        if let Some(spare) = &mut self.spare {
            spare.core.trace.clone_from(&trace);
        }
        self.origin.core.trace = trace;
    }

    fn prepare(
        &mut self,
        call: Call,
        deadline: Option<std::time::Instant>,
        payload: &[u8],
    ) -> Result<(), String> {
        let payload = decode(payload, call.encoding)?;
        let mut invocation = self.spare.take().unwrap_or_else(|| self.origin.clone());
        invocation.core.begin(call.token.is_some(), deadline, &mut self.cancellation);
        self.future.as_mut().set(Some((self.handler)(invocation, payload)));
        Ok(())
    }

    fn step(&mut self, context: &mut Context<'_>, call: Call, out: &mut Vec<u8>) -> Poll<Completion> {
        let Some(running) = self.future.as_mut().as_pin_mut() else { return Poll::Ready(Completion::Done) };
        let Poll::Ready((reply, invocation)) = running.poll(context) else { return Poll::Pending };
        self.spare = Some(invocation);
        let completion = (self.finish)(reply, call, out);
        self.clear();
        Poll::Ready(completion)
    }

    fn clear(&mut self) {
        self.future.as_mut().set(None);
    }

    fn cancellation(&self) -> Option<&Arc<Cancellation>> {
        self.cancellation.as_ref()
    }
}

fn finish_message<R: OneWayReply>(reply: R, _: Call, _: &mut Vec<u8>) -> Completion {
    match reply.into_result() {
        Ok(()) => Completion::Done,
        Err(why) => Completion::Failed(Some(why)),
    }
}

fn finish_request<R: Reply>(reply: R, call: Call, out: &mut Vec<u8>) -> Completion {
    match reply.into_outcome() {
        Ok(response) => respond(
            call,
            Status::Success,
            out,
            &|out| encode(&response, call.encoding, out),
            Completion::Done,
        ),
        Err(error) => respond(
            call,
            Status::HandlerError,
            out,
            &|out| encode(&error, call.encoding, out),
            Completion::Failed(None),
        ),
    }
}

/// Writes a response, if one is wanted.
fn respond(
    call: Call,
    status: Status,
    out: &mut Vec<u8>,
    encode: &dyn Fn(&mut Vec<u8>) -> Result<(), String>,
    completion: Completion,
) -> Completion {
    let Some(token) = call.token else { return completion };
    let frame = begin_response(out, token, status, call.encoding);
    let written = encode(out)
        .and_then(|()| finish(out, frame, call.frame_limit).map_err(|violation| violation.to_string()));
    written.map_or_else(Completion::Unencodable, |()| completion)
}
