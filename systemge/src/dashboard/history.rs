//! What is kept of a node's past: 15 minutes second by second, and 24 hours minute by minute.

use std::collections::VecDeque;

use serde::Serialize;

/// The numbers of one moment, in the order of a list of [`Series`].
pub(super) type Values<const N: usize> = [f32; N];

/// Something that is measured again and again.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Series {
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    pub(super) help: &'static str,
    /// Of a minute, the largest value is kept, not the mean.
    #[serde(skip)]
    pub(super) peak: bool,
}

/// How fine the past is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Resolution {
    #[default]
    Second,
    Minute,
}

/// The past of one thing with `N` series.
pub(super) struct History<const N: usize> {
    seconds: VecDeque<(u64, Values<N>)>,
    minutes: VecDeque<(u64, Values<N>)>,
    minute: Minute<N>,
}

/// The minute that is not over yet.
struct Minute<const N: usize> {
    /// Its number since 1970.
    number: u64,
    rows: [u32; N],
    values: Values<N>,
}

/// The past as it is sent: one list per series, beside the times.
#[derive(Debug, Serialize)]
pub(super) struct Past {
    /// Seconds between two rows.
    pub(super) step: u32,
    /// Milliseconds since 1970.
    pub(super) times: Vec<u64>,
    pub(super) series: Vec<PastSeries>,
}

#[derive(Debug, Serialize)]
pub(super) struct PastSeries {
    #[serde(flatten)]
    pub(super) series: Series,
    /// `null` where it was not known.
    pub(super) values: Vec<Option<f32>>,
}

impl<const N: usize> History<N> {
    pub(super) const fn new() -> Self {
        let minute = Minute { number: 0, rows: [0; N], values: [f32::NAN; N] };
        Self { seconds: VecDeque::new(), minutes: VecDeque::new(), minute }
    }

    /// Adds what was measured at a time, in milliseconds since 1970.
    pub(super) fn add(&mut self, time: u64, values: Values<N>, series: &[Series; N]) {
        push(&mut self.seconds, SECONDS, (time, values));
        let number = time / 60_000;
        if number != self.minute.number {
            if let Some(row) = self.minute.row(series) {
                push(&mut self.minutes, MINUTES, row);
            }
            self.minute = Minute { number, rows: [0; N], values: [f32::NAN; N] };
        }
        self.minute.add(values, series);
    }

    /// The last `rows` rows, of the series that are wanted.
    pub(super) fn past(
        &self,
        resolution: Resolution,
        rows: usize,
        series: &[Series; N],
        wanted: impl Fn(&str) -> bool,
    ) -> Past {
        let (step, kept) = match resolution {
            Resolution::Second => (1, &self.seconds),
            Resolution::Minute => (60, &self.minutes),
        };
        // the minute that is under way is as good as the others
        let current = if resolution == Resolution::Minute { self.minute.row(series) } else { None };
        let rows: Vec<_> = {
            let skip = (kept.len() + usize::from(current.is_some())).saturating_sub(rows);
            kept.iter().copied().chain(current).skip(skip).collect()
        };
        let column = |index: usize| {
            rows.iter().map(|(_, values)| Some(values[index]).filter(|value| value.is_finite())).collect()
        };
        let series = series.iter().enumerate().filter(|(_, series)| wanted(series.name));
        Past {
            step,
            times: rows.iter().map(|(time, _)| *time).collect(),
            series: series
                .map(|(index, series)| PastSeries { series: *series, values: column(index) })
                .collect(),
        }
    }
}

impl<const N: usize> Minute<N> {
    fn add(&mut self, values: Values<N>, series: &[Series; N]) {
        for index in 0..N {
            let value = values[index];
            if value.is_nan() {
                continue;
            }
            let kept = &mut self.values[index];
            *kept = match (kept.is_nan(), series[index].peak) {
                (true, _) => value,
                (false, true) => kept.max(value),
                (false, false) => *kept + value,
            };
            self.rows[index] += 1;
        }
    }

    fn row(&self, series: &[Series; N]) -> Option<(u64, Values<N>)> {
        if self.rows.iter().all(|rows| *rows == 0) {
            return None;
        }
        let mut values = self.values;
        for index in 0..N {
            if !series[index].peak && self.rows[index] > 0 {
                values[index] /= self.rows[index] as f32;
            }
        }
        Some((self.number * 60_000, values))
    }
}

fn push<T>(rows: &mut VecDeque<T>, most: usize, row: T) {
    if rows.len() >= most {
        rows.pop_front();
    }
    rows.push_back(row);
}

/// Rows of a second: 15 minutes.
pub(super) const SECONDS: usize = 15 * 60;
/// Rows of a minute: 24 hours.
pub(super) const MINUTES: usize = 24 * 60;

#[cfg(test)]
mod tests {
    use super::*;

    const SERIES: [Series; 2] = [
        Series { name: "mean", unit: "", help: "", peak: false },
        Series { name: "peak", unit: "", help: "", peak: true },
    ];

    fn values(past: &Past, series: usize) -> Vec<Option<f32>> {
        past.series[series].values.clone()
    }

    #[test]
    fn a_minute_keeps_the_mean_or_the_peak() {
        let mut history = History::<2>::new();
        for second in 0..120 {
            history.add(second * 1000, [second as f32, second as f32], &SERIES);
        }
        let past = history.past(Resolution::Minute, 10, &SERIES, |_| true);
        assert_eq!((past.step, past.times.as_slice()), (60, [0, 60_000].as_slice()));
        assert_eq!(values(&past, 0), [Some(29.5), Some(89.5)]);
        assert_eq!(values(&past, 1), [Some(59.0), Some(119.0)]);
    }

    #[test]
    fn the_past_is_bounded_and_the_last_rows_are_given() {
        let mut history = History::<2>::new();
        let seconds = 26 * 60 * 60;
        for second in 0..seconds {
            history.add(second * 1000, [1.0, f32::NAN], &SERIES);
        }
        assert_eq!((history.seconds.len(), history.minutes.len()), (SECONDS, MINUTES));
        let past = history.past(Resolution::Second, 3, &SERIES, |name| name == "peak");
        assert_eq!(past.times, [(seconds - 3) * 1000, (seconds - 2) * 1000, (seconds - 1) * 1000]);
        assert_eq!(past.series.len(), 1);
        assert_eq!(values(&past, 0), [None, None, None], "what is not known is no zero");
    }
}
