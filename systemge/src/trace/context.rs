//! The identity of a span, as the W3C's Trace Context has it.

use std::fmt;
use std::str::FromStr;

/// One span of a trace: what a message or request is caused by.
///
/// As a text it is a [`traceparent`](https://www.w3.org/TR/trace-context/#traceparent-header), the header that HTTP clients
/// and servers exchange.
///
/// ```
/// use systemge::trace::TraceContext;
///
/// let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let trace: TraceContext = text.parse()?;
/// assert_eq!(trace.trace_id(), 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
/// assert!(trace.is_sampled());
/// assert_eq!(trace.to_string(), text);
/// # Ok::<(), systemge::trace::TraceparentError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceContext {
    trace_id: u128,
    span_id: u64,
    flags: u8,
}

/// Whether somebody on the way has decided to keep the trace.
const SAMPLED: u8 = 1;
/// Whether the trace id was chosen at random.
const RANDOM: u8 = 2;

/// Why a text is no `traceparent`. Whoever wrote it is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a traceparent is `00-`, 32 digits, `-`, 16 digits, `-` and 2 digits, in hexadecimal and lower case, and neither id is 0"
)]
#[non_exhaustive]
pub struct TraceparentError {}

impl TraceContext {
    /// The first span of a new trace, with ids at random; it is marked as sampled.
    #[must_use]
    pub fn new() -> Self {
        let trace_id = u128::from(span_id()) << 64 | u128::from(fastrand::u64(..));
        Self { trace_id, span_id: span_id(), flags: SAMPLED }
    }

    /// Another span of the same trace, with an id at random.
    #[must_use]
    pub fn child(&self) -> Self {
        Self { span_id: span_id(), ..*self }
    }

    /// What all spans of the trace have in common; never 0.
    #[must_use]
    pub const fn trace_id(&self) -> u128 {
        self.trace_id
    }

    /// This span within its trace; never 0.
    #[must_use]
    pub const fn span_id(&self) -> u64 {
        self.span_id
    }

    /// Whether somebody on the way has decided to keep the trace. Nodes hand it on, and leave the decision to others.
    #[must_use]
    pub const fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    pub(crate) const fn flags(&self) -> u8 {
        self.flags
    }

    /// From the bytes of a frame; the error has the flags if they are unknown, and nothing if an id is 0.
    pub(crate) const fn of_bytes(trace: [u8; 16], span: [u8; 8], flags: u8) -> Result<Self, Option<u8>> {
        let (trace_id, span_id) = (u128::from_be_bytes(trace), u64::from_be_bytes(span));
        if trace_id == 0 || span_id == 0 {
            Err(None)
        } else if flags & !(SAMPLED | RANDOM) != 0 {
            Err(Some(flags))
        } else {
            Ok(Self { trace_id, span_id, flags })
        }
    }
}

impl Default for TraceContext {
    fn default() -> Self {
        Self::new()
    }
}

/// An id at random, which must not be 0.
fn span_id() -> u64 {
    fastrand::u64(1..)
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, self.flags)
    }
}

impl FromStr for TraceContext {
    type Err = TraceparentError;

    /// Reads a `traceparent`. One of a later version is read as far as this version goes, and flags that it doesn't know
    /// are dropped, as the standard says.
    fn from_str(text: &str) -> Result<Self, TraceparentError> {
        read(text.as_bytes()).ok_or(TraceparentError {})
    }
}

fn read(text: &[u8]) -> Option<TraceContext> {
    let (known, later) = text.split_first_chunk::<55>()?;
    let [a, b, b'-', rest @ ..] = known else { return None };
    match (digits(&[*a, *b])?, later) {
        (0, []) | (1..0xff, [] | [b'-', ..]) => {}
        _ => return None,
    }
    let (trace, rest) = rest.split_at(32);
    let [b'-', rest @ ..] = rest else { return None };
    let (span, rest) = rest.split_at(16);
    let [b'-', flags @ ..] = rest else { return None };
    let (trace, span) = (digits(trace)?, u64::try_from(digits(span)?).ok()?);
    let flags = u8::try_from(digits(flags)?).ok()? & (SAMPLED | RANDOM);
    TraceContext::of_bytes(trace.to_be_bytes(), span.to_be_bytes(), flags).ok()
}

/// The number of at most 32 hexadecimal digits in lower case.
fn digits(text: &[u8]) -> Option<u128> {
    text.iter().try_fold(0, |number, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u128::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_is_read_as_the_standard_says() {
        let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        let check = |text: String, expected: Option<&str>| {
            let read = text.parse::<TraceContext>().ok().map(|trace| trace.to_string());
            assert_eq!(read, expected.map(str::to_owned), "{text}");
        };
        let own = format!("00-{trace}-{span}-01");
        check(own.clone(), Some(&own));
        check(format!("00-{trace}-{span}-00"), Some(&format!("00-{trace}-{span}-00")));
        // flags that are not known yet, and what later versions may have behind them
        check(format!("00-{trace}-{span}-ff"), Some(&format!("00-{trace}-{span}-03")));
        check(format!("cc-{trace}-{span}-01"), Some(&own));
        check(format!("cc-{trace}-{span}-01-more"), Some(&own));
        check(format!("cc-{trace}-{span}-01more"), None);
        check(format!("ff-{trace}-{span}-01"), None);
        check(format!("00-{trace}-{span}-01-more"), None);
        check(format!("00-{trace}-{span}-0"), None);
        check(format!("00-{trace}-{span}"), None);
        check(format!("00-{}-{span}-01", trace.to_uppercase()), None);
        check(format!("00-{}-{span}-01", "0".repeat(32)), None);
        check(format!("00-{trace}-{}-01", "0".repeat(16)), None);
        check(format!("00_{trace}-{span}-01"), None);
        check(format!("00-{trace}_{span}-01"), None);
        check(format!("00-{trace}-{span}_01"), None);
        check(format!("00-{}x-{span}-01", &trace[1..]), None);
        check("é".repeat(40), None);
        check(String::new(), None);
    }

    #[test]
    fn a_child_is_another_span_of_the_same_trace() {
        let root = TraceContext::new();
        let child = root.child();
        assert_eq!((root.trace_id(), root.is_sampled()), (child.trace_id(), child.is_sampled()));
        assert_ne!(root.span_id(), child.span_id());
        assert_ne!(root.trace_id(), TraceContext::new().trace_id());
    }
}
