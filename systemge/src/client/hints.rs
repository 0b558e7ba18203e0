//! What people look for at a message or a request, and what is elsewhere: the compiler says where, in the place of a method
//! that it only couldn't find.

use std::future::{Ready, ready};
use std::time::Duration;

use super::{OneWay, Request, SendError};
use crate::payload::{Payload, Reply};

/// What has responses to wait for: a request. No message does.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "[SGE0404] a one-way topic has no responses to wait for",
    label = "nobody responds to this message",
    note = "await the message alone: it tells how many nodes it was handed to; a topic is a request if its handler returns something, or with `request` behind its name"
)]
pub trait HasResponses {}

/// What is asked before it is known who is asked. Nothing is.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "[SGE0415] who is asked is said to the client, before the topic",
    label = "too late here",
    note = "write `client.to(\"name\").topic(..)`, `client.any().topic(..)` or `client.wait_for_provider(time).topic(..)`"
)]
pub trait ChosenLater {}

impl<P: Payload> OneWay<'_, P> {
    #[doc(hidden)]
    pub fn all(self) -> Ready<Result<Vec<()>, SendError>>
    where
        Self: HasResponses,
    {
        ready(Ok(Vec::new()))
    }

    #[doc(hidden)]
    pub const fn stream(self) -> Self
    where
        Self: HasResponses,
    {
        self
    }

    #[doc(hidden)]
    pub const fn limit(self, _: usize) -> Self
    where
        Self: HasResponses,
    {
        self
    }

    #[doc(hidden)]
    pub const fn timeout(self, _: Duration) -> Self
    where
        Self: HasResponses,
    {
        self
    }

    #[doc(hidden)]
    pub const fn to(self, _: &str) -> Self
    where
        Self: ChosenLater,
    {
        self
    }

    #[doc(hidden)]
    pub const fn any(self) -> Self
    where
        Self: ChosenLater,
    {
        self
    }

    #[doc(hidden)]
    pub const fn wait_for_provider(self, _: Duration) -> Self
    where
        Self: ChosenLater,
    {
        self
    }
}

impl<P: Payload, R: Reply> Request<'_, P, R> {
    #[doc(hidden)]
    pub const fn to(self, _: &str) -> Self
    where
        Self: ChosenLater,
    {
        self
    }

    #[doc(hidden)]
    pub const fn any(self) -> Self
    where
        Self: ChosenLater,
    {
        self
    }

    #[doc(hidden)]
    pub const fn wait_for_provider(self, _: Duration) -> Self
    where
        Self: ChosenLater,
    {
        self
    }
}
