//! Files as responses: parts of them (RFC 9110, 14), and only to those who don't have them yet (RFC 9110, 13).

use std::fmt;
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    HeaderName, HeaderValue, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE,
    LAST_MODIFIED, RANGE,
};
use ::http::{HeaderMap, Method, StatusCode};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, stream};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use super::{HttpError, HttpResponse};

/// A file: the body of a response.
///
/// The client gets the parts that it asks for (`Range`), and nothing if it has the file already (`If-None-Match`,
/// `If-Modified-Since`). The file is sent while it is read, in pieces of 64 KiB. Its content type goes by the extension
/// of its name.
///
/// The path is trusted: one that is made of what a client sends has to be checked before, or served as a folder.
///
/// ```
/// use systemge::http::File;
/// use systemge::prelude::*;
///
/// #[derive(systemge::Application)]
/// struct Reports {}
///
/// #[systemge::http]
/// impl Reports {
///     #[get("/report.pdf")]
///     async fn report(&self) -> File {
///         File::new("/var/reports/latest.pdf").download("report.pdf").cache_control("private, max-age=60")
///     }
/// }
/// # fn main() {}
/// ```
#[derive(Clone)]
pub struct File {
    path: PathBuf,
    content_type: Option<String>,
    cache_control: Option<String>,
    download: Option<String>,
}

impl File {
    /// The file at a path; a relative one starts at the working directory. A file that is not there is answered with
    /// 404.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), content_type: None, cache_control: None, download: None }
    }

    /// Sets the content type.
    #[must_use]
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = Some(content_type.into());
        self
    }

    /// Says how long caches may keep it. Default: `no-cache`, to ask every time whether it has changed.
    #[must_use]
    pub fn cache_control(mut self, directives: impl Into<String>) -> Self {
        self.cache_control = Some(directives.into());
        self
    }

    /// Has browsers save it under that name instead of showing it.
    #[must_use]
    pub fn download(mut self, name: impl Into<String>) -> Self {
        self.download = Some(name.into());
        self
    }

    /// The response of that node to a request with that method and these headers.
    pub(super) async fn serve(
        &self,
        node: &str,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<HttpResponse, HttpError> {
        let gone = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => HttpError::not_found("there is no such file"),
            _ => HttpError::internal(format_args!("{}: {error}", self.path.display())),
        };
        let mut file = tokio::fs::File::open(&self.path).await.map_err(gone)?;
        let metadata = file.metadata().await.map_err(gone)?;
        if !metadata.is_file() {
            return Err(HttpError::not_found("there is no such file"));
        }
        let validators = Validators::of(&metadata);
        let mut response = match validators.judge(headers) {
            Judgement::Unchanged => HttpResponse::new(StatusCode::NOT_MODIFIED),
            Judgement::Failed => {
                return Err(HttpError::new(
                    StatusCode::PRECONDITION_FAILED,
                    "the file is not what the request supposes",
                ));
            }
            Judgement::Send => {
                let length = metadata.len();
                let range =
                    if *method == Method::GET { validators.range(headers, length) } else { Range::All };
                let (status, start, count) = match range {
                    Range::All => (StatusCode::OK, 0, length),
                    Range::Part { start, end } => (StatusCode::PARTIAL_CONTENT, start, end - start),
                    Range::None(detail) => {
                        let error = HttpError::new(StatusCode::RANGE_NOT_SATISFIABLE, detail);
                        return Err(error.header(CONTENT_RANGE, number(format_args!("bytes */{length}"))));
                    }
                };
                let mut response = HttpResponse::new(status).header(CONTENT_LENGTH, number(count));
                if status == StatusCode::PARTIAL_CONTENT {
                    let range = format!("bytes {start}-{}/{length}", start + count - 1);
                    response = response.header(CONTENT_RANGE, number(range));
                    file.seek(io::SeekFrom::Start(start)).await.map_err(gone)?;
                }
                if *method == Method::HEAD { response } else { response.stream(pieces(file, count)) }
            }
        };
        self.describe(node, response.headers_mut(), &validators);
        Ok(response)
    }

    fn describe(&self, node: &str, headers: &mut HeaderMap, validators: &Validators) {
        let content_type = match &self.content_type {
            Some(content_type) => content_type.clone(),
            None => mime_guess::from_path(&self.path).first_or_octet_stream().to_string(),
        };
        let mut set = |name: HeaderName, value: String| match HeaderValue::from_str(&value) {
            Ok(value) => {
                headers.insert(name, value);
            }
            Err(_) => tracing::error!(node, %name, value, "a header of a file is not valid"),
        };
        set(CONTENT_TYPE, content_type);
        set(CACHE_CONTROL, self.cache_control.clone().unwrap_or_else(|| "no-cache".to_owned()));
        if let Some(name) = &self.download {
            set(CONTENT_DISPOSITION, disposition(name));
        }
        set(ACCEPT_RANGES, "bytes".to_owned());
        if let Some(tag) = &validators.tag {
            set(ETAG, tag.clone());
        }
        if let Some(modified) = validators.modified {
            set(LAST_MODIFIED, httpdate::fmt_http_date(modified));
        }
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File").field("path", &self.path).finish_non_exhaustive()
    }
}

/// What tells one state of a file from another.
struct Validators {
    /// Made of the length and the time of the last change.
    tag: Option<String>,
    /// In whole seconds, as in a header.
    modified: Option<SystemTime>,
}

/// What the conditions of a request come to.
#[derive(Debug, PartialEq, Eq)]
enum Judgement {
    Send,
    Unchanged,
    Failed,
}

/// What of a file is sent.
#[derive(Debug, PartialEq, Eq)]
enum Range {
    All,
    /// From `start`, up to but without `end`; at least one byte.
    Part {
        start: u64,
        end: u64,
    },
    None(&'static str),
}

impl Validators {
    fn of(metadata: &Metadata) -> Self {
        let since = metadata.modified().ok().and_then(|modified| modified.duration_since(UNIX_EPOCH).ok());
        Self {
            tag: since.map(|since| format!("\"{:x}-{:x}\"", metadata.len(), since.as_nanos())),
            modified: since.map(|since| UNIX_EPOCH + Duration::from_secs(since.as_secs())),
        }
    }

    /// The conditions in the order of RFC 9110, 13.2.2.
    fn judge(&self, headers: &HeaderMap) -> Judgement {
        let newer = |date: &str| match (httpdate::parse_http_date(date), self.modified) {
            (Ok(date), Some(modified)) => Some(modified > date),
            _ => None,
        };
        if headers.contains_key(IF_MATCH) {
            if !self.named(headers, IF_MATCH, false) {
                return Judgement::Failed;
            }
        } else if text(headers, IF_UNMODIFIED_SINCE).and_then(newer) == Some(true) {
            return Judgement::Failed;
        }
        let unchanged = if headers.contains_key(IF_NONE_MATCH) {
            self.named(headers, IF_NONE_MATCH, true)
        } else {
            text(headers, IF_MODIFIED_SINCE).and_then(newer) == Some(false)
        };
        if unchanged { Judgement::Unchanged } else { Judgement::Send }
    }

    /// Whether a list of tags has ours.
    fn named(&self, headers: &HeaderMap, name: HeaderName, weakly: bool) -> bool {
        let lists = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        lists.flat_map(|list| list.split(',')).map(str::trim).any(|tag| {
            let strong = tag.strip_prefix("W/").filter(|_| weakly).unwrap_or(tag);
            tag == "*" || self.tag.as_deref() == Some(strong)
        })
    }

    fn range(&self, headers: &HeaderMap, length: u64) -> Range {
        let Some(range) = text(headers, RANGE) else { return Range::All };
        let same = text(headers, IF_RANGE).is_none_or(|known| {
            let date = httpdate::parse_http_date(known).ok();
            self.tag.as_deref() == Some(known) || (date.is_some() && date == self.modified)
        });
        if same { parse_range(range, length) } else { Range::All }
    }
}

/// Reads `Range`. Several ranges at once may be ignored (RFC 9110, 14.2), and are: the whole file is sent. A crowd of
/// them is an attack, and is refused. What isn't understood is ignored.
fn parse_range(range: &str, length: u64) -> Range {
    let Some(ranges) = range.strip_prefix("bytes=") else { return Range::All };
    match ranges.split(',').count() {
        1 => {}
        2..=MOST_RANGES => return Range::All,
        _ => return Range::None("too many ranges"),
    }
    let Some((first, last)) = ranges.trim().split_once('-') else { return Range::All };
    let digits = |text: &str| -> Option<Option<u64>> {
        match text {
            "" => Some(None),
            text if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(Some(text.parse().unwrap_or(u64::MAX)))
            }
            _ => None,
        }
    };
    let part = |start: u64, end: u64| {
        if start < end { Range::Part { start, end } } else { Range::None("the file has no such part") }
    };
    match (digits(first), digits(last)) {
        (Some(Some(first)), Some(Some(last))) if first <= last => {
            part(first, length.min(last.saturating_add(1)))
        }
        (Some(Some(first)), Some(None)) => part(first, length),
        (Some(None), Some(Some(count))) => part(length.saturating_sub(count), length),
        _ => Range::All,
    }
}

/// The bytes of a file from where it stands. One that is shorter than it was is an error, which breaks the response off.
fn pieces(file: tokio::fs::File, count: u64) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    stream::try_unfold((file, count), async |(mut file, left)| {
        if left == 0 {
            return Ok(None);
        }
        let size = left.min(PIECE_BYTES);
        let mut piece = BytesMut::with_capacity(usize::try_from(size).unwrap_or_default());
        let read = (&mut file).take(size).read_buf(&mut piece).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Some((piece.freeze(), (file, left - read as u64))))
    })
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// A header of digits and the like.
fn number(value: impl fmt::Display) -> HeaderValue {
    HeaderValue::from_str(&value.to_string()).unwrap_or_else(|_| HeaderValue::from_static("0"))
}

/// `Content-Disposition` with a name in every language (RFC 6266).
fn disposition(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_graphic() && !matches!(c, '"' | '\\') { c } else { '_' })
        .collect();
    let encoded = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

/// Whether there is a file or folder, without symbolic links on the way to it.
pub(super) async fn real(path: &Path) -> Option<(PathBuf, Metadata)> {
    let path = tokio::fs::canonicalize(path).await.ok()?;
    let metadata = tokio::fs::metadata(&path).await.ok()?;
    Some((path, metadata))
}

/// How much of a file is read at once, in bytes.
const PIECE_BYTES: u64 = 64 * 1024;
/// How many ranges a request may name.
const MOST_RANGES: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_a_part_of_the_file_or_ignored_or_refused() {
        let check = |range: &str, expected: Range| assert_eq!(parse_range(range, 10), expected, "{range}");
        let part = |start, end| Range::Part { start, end };
        check("bytes=0-0", part(0, 1));
        check("bytes=2-4", part(2, 5));
        check("bytes=2-", part(2, 10));
        check("bytes=-3", part(7, 10));
        check("bytes=-30", part(0, 10));
        check("bytes=9-99999999999999999999999999", part(9, 10));
        for none in ["bytes=10-", "bytes=10-12", "bytes=-0", "bytes=99999999999999999999-"] {
            check(none, Range::None("the file has no such part"));
        }
        for ignored in
            ["lines=1-2", "bytes=", "bytes=-", "bytes=4-2", "bytes=a-b", "bytes=+1-2", "bytes=0-1,3-4"]
        {
            check(ignored, Range::All);
        }
        check(&format!("bytes={}", ["0-"; 1000].join(",")), Range::None("too many ranges"));
        assert_eq!(parse_range("bytes=0-", 0), Range::None("the file has no such part"));
    }

    #[test]
    fn conditions_are_judged_in_their_order() {
        let modified = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let validators = Validators { tag: Some("\"a\"".to_owned()), modified: Some(modified) };
        let at = |seconds: u64| httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds));
        let check = |pairs: &[(HeaderName, &str)], expected: Judgement| {
            let headers =
                pairs.iter().map(|(name, value)| (name.clone(), value.parse().expect("a header"))).collect();
            assert_eq!(validators.judge(&headers), expected, "{pairs:?}");
        };
        let (same, before, after) = (at(1_000_000_000), at(999_999_999), at(1_000_000_001));
        check(&[], Judgement::Send);
        check(&[(IF_NONE_MATCH, "\"a\"")], Judgement::Unchanged);
        check(&[(IF_NONE_MATCH, "\"b\", W/\"a\"")], Judgement::Unchanged);
        check(&[(IF_NONE_MATCH, "*")], Judgement::Unchanged);
        check(&[(IF_NONE_MATCH, "\"b\""), (IF_MODIFIED_SINCE, &same)], Judgement::Send);
        check(&[(IF_MODIFIED_SINCE, &same)], Judgement::Unchanged);
        check(&[(IF_MODIFIED_SINCE, &after)], Judgement::Unchanged);
        check(&[(IF_MODIFIED_SINCE, &before)], Judgement::Send);
        check(&[(IF_MODIFIED_SINCE, "yesterday")], Judgement::Send);
        check(&[(IF_MATCH, "\"b\"")], Judgement::Failed);
        check(&[(IF_MATCH, "W/\"a\"")], Judgement::Failed);
        check(&[(IF_MATCH, "\"a\"")], Judgement::Send);
        check(&[(IF_UNMODIFIED_SINCE, &before)], Judgement::Failed);
        check(&[(IF_UNMODIFIED_SINCE, &same)], Judgement::Send);
    }

    #[test]
    fn the_name_of_a_download_cannot_leave_its_quotes() {
        assert_eq!(
            disposition("a \"b\"\r\n.txt"),
            "attachment; filename=\"a__b___.txt\"; filename*=UTF-8''a%20%22b%22%0D%0A%2Etxt"
        );
    }
}
