//! What the tests of the samples share: a browser without its page, a sample's own configuration on free ports, and its
//! program in every form in which it runs.

mod browser;
mod forms;
mod ports;

use std::time::Duration;

pub use self::browser::Browser;
pub use self::forms::{Form, every_form};
pub use self::ports::{Shipped, Web};

/// How long anything may take that is expected to happen.
pub const SOON: Duration = Duration::from_secs(50);

/// Tries again until it succeeds; an attempt whose message was lost, since the nodes had not found each other yet, is given
/// up after a while, which is longer each time.
///
/// # Panics
///
/// If it does not in time.
pub async fn eventually<T>(mut attempt: impl AsyncFnMut() -> Option<T>) -> T {
    let tried = async {
        let mut patience = Duration::from_millis(300);
        loop {
            match tokio::time::timeout(patience, attempt()).await {
                Ok(Some(value)) => return value,
                Ok(None) => {}
                Err(_) => patience = SOON.min(patience * 2),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SOON, tried).await.expect("it succeeds in time")
}
