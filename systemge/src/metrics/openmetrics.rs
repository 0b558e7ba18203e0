//! What nodes have counted, as OpenMetrics text.

use std::fmt;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use super::table::{METRICS, MetricKind, Sample};
use super::{Durations, NodeMetrics};

/// The media type of what [`openmetrics`] returns, for the header `Content-Type`.
pub const OPENMETRICS_MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What nodes have counted, as [OpenMetrics](https://prometheus.io/docs/specs/om/open_metrics_spec/) text, which
/// Prometheus reads. [`Running::openmetrics`](crate::Running::openmetrics) does it for a whole system; this is for
/// readings of several.
///
/// The names are in [`METRICS`] and in `docs/metrics.md`.
#[must_use]
pub fn openmetrics(nodes: impl IntoIterator<Item = NodeMetrics>) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Readings(nodes.into_iter().collect())));
    let mut text = String::new();
    // to write to a string never fails
    let _ = text::encode(&mut text, &registry);
    text
}

#[derive(Debug)]
struct Readings(Vec<NodeMetrics>);

impl Collector for Readings {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for metric in METRICS {
            let (name, kind) = match metric.kind {
                MetricKind::Counter => {
                    (metric.name.strip_suffix("_total").unwrap_or(metric.name), MetricType::Counter)
                }
                MetricKind::Gauge => (metric.name, MetricType::Gauge),
                MetricKind::Histogram => (metric.name, MetricType::Histogram),
            };
            let mut family = encoder.encode_descriptor(name, metric.help, None, kind)?;
            let mut result = Ok(());
            for node in &self.0 {
                (metric.samples)(node, &mut |values, sample| {
                    if result.is_ok() {
                        let values = [&*node.node].into_iter().chain(values.iter().copied());
                        let labels: Vec<(&str, &str)> = metric.labels.iter().copied().zip(values).collect();
                        result = family
                            .encode_family(&labels)
                            .and_then(|encoder| write(encoder, metric.kind, sample));
                    }
                });
            }
            result?;
        }
        Ok(())
    }
}

fn write(mut encoder: MetricEncoder<'_>, kind: MetricKind, sample: Sample<'_>) -> fmt::Result {
    match (kind, sample) {
        (MetricKind::Counter, Sample::Count(count)) => {
            encoder.encode_counter::<NoLabelSet, _, f64>(&count, None)
        }
        (_, Sample::Count(count)) => encoder.encode_gauge(&count),
        (_, Sample::Seconds(seconds)) => encoder.encode_gauge(&seconds),
        (_, Sample::Durations(durations)) => write_durations(encoder, durations),
    }
}

fn write_durations(mut encoder: MetricEncoder<'_>, durations: &Durations) -> fmt::Result {
    let bound = |up_to: Duration| if up_to == Duration::MAX { f64::INFINITY } else { up_to.as_secs_f64() };
    let buckets: Vec<(f64, u64)> =
        durations.buckets.iter().map(|bucket| (bound(bucket.up_to), bucket.count)).collect();
    encoder.encode_histogram::<NoLabelSet>(durations.sum.as_secs_f64(), durations.count(), &buckets, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of the document has the rows of the one in code.
    #[test]
    fn the_document_shows_every_metric_with_its_kind_its_labels_and_what_it_means() {
        let document = include_str!("../../../docs/metrics.md");
        let shown: Vec<&str> = document.lines().filter(|line| line.starts_with("| `systemge_")).collect();
        let known: Vec<String> = METRICS
            .iter()
            .map(|metric| {
                let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
                let (name, kind) = (metric.name, metric.kind.as_str());
                format!("| `{name}` | {kind} | {} | {} |", labels.join(", "), metric.help)
            })
            .collect();
        assert_eq!(shown, known, "the whole table:\n{}", known.join("\n"));
    }

    #[test]
    fn names_are_those_that_prometheus_expects() {
        let mut names = std::collections::HashSet::new();
        for metric in METRICS {
            let name = metric.name;
            assert!(names.insert(name), "{name} stands there twice");
            assert_eq!(metric.kind == MetricKind::Counter, name.ends_with("_total"), "{name}");
            assert_eq!(metric.labels.first(), Some(&"node"), "{name}");
            let fine = |c: char| c.is_ascii_lowercase() || c == '_';
            assert!(name.chars().all(fine), "{name}");
        }
    }
}
