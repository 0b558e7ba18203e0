//! Which lines go to which files.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Filter};
use tracing_subscriber::registry::LookupSpan;

use super::format::{Fields, NODE};
use super::queue::{Queue, Sink, Target};
use super::rotation::RotatingFile;
use crate::config::{LogFileConfig, LogFormat};

/// The files of the system and of its nodes.
pub(super) struct Files {
    queue: Queue,
    /// Where relative paths start.
    folder: Option<PathBuf>,
    all: RwLock<All>,
}

#[derive(Default)]
struct All {
    system: Vec<Output>,
    nodes: BTreeMap<String, Vec<Output>>,
}

struct Output {
    filter: Targets,
    format: LogFormat,
    sink: Arc<Sink>,
}

/// Why a log file can't be used: the configuration's mistake, or the machine's state.
#[derive(Debug, thiserror::Error)]
#[error("the log file {} cannot be opened", .path.display())]
pub(crate) struct LogFileError {
    path: PathBuf,
    source: io::Error,
}

impl LogFileError {
    pub(super) fn thread(source: io::Error) -> Self {
        Self { path: PathBuf::from("(no thread for it)"), source }
    }

    pub(crate) fn into_parts(self) -> (String, io::Error) {
        (self.path.display().to_string(), self.source)
    }
}

impl Files {
    pub(super) fn new(
        queue: Queue,
        folder: Option<&Path>,
        system: &[LogFileConfig],
    ) -> Result<Self, LogFileError> {
        let folder = folder.map(Path::to_owned);
        let system = open(folder.as_deref(), system, "system")?;
        Ok(Self { queue, folder, all: RwLock::new(All { system, ..All::default() }) })
    }

    /// Opens the files of a node.
    pub(super) fn attach(&self, node: &str, configs: &[LogFileConfig]) -> Result<(), LogFileError> {
        if configs.is_empty() {
            return Ok(());
        }
        let outputs = open(self.folder.as_deref(), configs, node)?;
        self.all.write().unwrap_or_else(PoisonError::into_inner).nodes.insert(node.to_owned(), outputs);
        tracing::callsite::rebuild_interest_cache();
        Ok(())
    }

    /// Closes the files of a node, once what waits for them is written.
    pub(super) fn detach(&self, node: &str) {
        self.all.write().unwrap_or_else(PoisonError::into_inner).nodes.remove(node);
    }

    pub(super) fn flush(&self, patience: Duration) {
        self.queue.flush(patience);
    }

    pub(super) fn push(&self, sink: &Arc<Sink>, line: String) {
        self.queue.push(sink, line);
    }

    fn any(&self, mut holds: impl FnMut(&Output) -> bool) -> bool {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        all.system.iter().chain(all.nodes.values().flatten()).any(&mut holds)
    }

    fn write(&self, metadata: &Metadata<'_>, fields: &Fields) {
        let now = SystemTime::now();
        let (mut text, mut json) = (None, None);
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        let of_node = fields.node().and_then(|node| all.nodes.get(node)).into_iter().flatten();
        for output in all.system.iter().chain(of_node) {
            if !output.filter.would_enable(metadata.target(), metadata.level()) {
                continue;
            }
            let line: &mut String = match output.format {
                LogFormat::Text => text.get_or_insert_with(|| fields.text(metadata, now)),
                LogFormat::Json => json.get_or_insert_with(|| fields.json(metadata, now)),
            };
            self.queue.push(&output.sink, line.clone());
        }
    }
}

fn open(folder: Option<&Path>, configs: &[LogFileConfig], node: &str) -> Result<Vec<Output>, LogFileError> {
    let output = |config: &LogFileConfig| {
        let file = PathBuf::from(config.file.to_string_lossy().replace("{node}", node));
        let path = folder.map_or_else(|| file.clone(), |folder| folder.join(&file));
        let name = path.display().to_string();
        let file = RotatingFile::open(path.clone(), config);
        let file = file.map_err(|source| LogFileError { path, source })?;
        Ok(Output {
            // the configuration is checked when it is read; one that a program built may still be wrong
            filter: config.level.parse().unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO)),
            format: config.format,
            sink: Sink::new(Target::File(Mutex::new(file)), name),
        })
    };
    configs.iter().map(output).collect()
}

/// Writes events to files.
pub(super) struct FilesLayer(pub(super) Arc<Files>);

/// The node that a span is about.
struct NodeOfSpan(String);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for FilesLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if attributes.fields().field(NODE).is_none() {
            return;
        }
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let (Some(span), Some(node)) = (context.span(id), fields.node()) {
            span.extensions_mut().replace(NodeOfSpan(node.to_owned()));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::of(event);
        if fields.node().is_none() {
            let spans = context.event_scope(event).into_iter().flatten();
            let node =
                spans.filter_map(|span| span.extensions().get::<NodeOfSpan>().map(|node| node.0.clone()));
            if let Some(node) = { node }.next() {
                fields.set_node(node);
            }
        }
        self.0.write(event.metadata(), &fields);
    }
}

/// Lets through what some file wants, and spans that say which node they are about.
pub(super) struct WantedByFiles(pub(super) Arc<Files>);

impl WantedByFiles {
    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        (metadata.is_span() && metadata.fields().field(NODE).is_some())
            || self.0.any(|output| output.filter.would_enable(metadata.target(), metadata.level()))
    }
}

impl<S> Filter<S> for WantedByFiles {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        self.wants(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        // what nobody wants costs nothing; the files of a node that comes later have this asked again
        if self.wants(metadata) { Interest::always() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        None
    }
}
