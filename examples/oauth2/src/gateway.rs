//! The sample's own node: it speaks with the browsers, and has the node of the logins say who they are.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use systemge::client::RequestError;
use systemge::prelude::*;
use systemge::websocket::ClientId;

use crate::cookies::{BROWSER, SESSION};
use crate::sessions::{AuthError, Authenticated, Ended, SessionId, SessionWatcher, Sessions, SessionsClient};

/// The node that speaks with the browsers.
#[derive(systemge::Application, Debug, Default)]
#[application(handles(SessionWatcher), calls(Sessions))]
pub struct Gateway {
    /// Whose connections are known.
    known: Mutex<HashMap<ClientId, Authenticated>>,
}

#[systemge::websocket]
impl Gateway {
    /// The browser is connected.
    #[push("welcome")]
    fn welcome(text: &str);

    /// Who the browser is logged in as.
    #[push("authSuccess")]
    fn auth_success(who: &Authenticated);

    /// Why it is not.
    #[push("authFailure")]
    fn auth_failure(reason: &str);

    /// It is not logged in any more, and why.
    #[push("logoutSuccess")]
    fn logout_success(reason: &str);

    /// Why it could not be logged out.
    #[push("logoutFailure")]
    fn logout_failure(reason: &str);

    #[on_connect]
    async fn joined(&self, client: &WsClient, ctx: &Context<Self>) {
        ctx.websocket().welcome("").to(client);
    }

    /// The page has a code, or nothing: then the cookie says who it is.
    #[topic("authAttempt")]
    async fn authenticate(&self, client: &WsClient, code: String, ctx: &Context<Self>) {
        let sessions = SessionsClient::new(ctx);
        let answer = if !code.is_empty() {
            sessions.redeem(code, client.cookie(BROWSER).map(str::to_owned)).await
        } else if let Some(cookie) = client.cookie(SESSION) {
            sessions.session(cookie.to_owned()).await
        } else {
            Err(RequestError::Handler(AuthError::NoSession))
        };
        match answer {
            Ok(who) => {
                ctx.websocket().auth_success(&who).to(client);
                self.known().insert(client.id(), who);
            }
            Err(error) => {
                ctx.websocket().auth_failure(&error.to_string()).to(client);
            }
        }
    }

    /// Ends the session of the browser, for all its connections.
    #[topic("logoutAttempt")]
    async fn log_out(&self, client: &WsClient, ctx: &Context<Self>) {
        let session = self.known().get(&client.id()).map(|who| who.session);
        let outcome = match session {
            Some(session) => SessionsClient::new(ctx).logout(session).await,
            None => Err(RequestError::Handler(AuthError::NoSession)),
        };
        match (outcome, session) {
            (Ok(()), Some(session)) => self.forget(session, Ended::LoggedOut, ctx),
            (Err(error), _) => drop(ctx.websocket().logout_failure(&error.to_string()).to(client)),
            (Ok(()), None) => {}
        }
    }

    #[on_disconnect]
    async fn left(&self, client: &WsClient) {
        self.known().remove(&client.id());
    }
}

#[systemge::node]
impl SessionWatcher for Gateway {
    async fn ended(&self, session: SessionId, how: Ended, ctx: &Context<Self>) {
        self.forget(session, how, ctx);
    }
}

impl Gateway {
    fn known(&self) -> MutexGuard<'_, HashMap<ClientId, Authenticated>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the connections of a session that it has ended, once.
    fn forget(&self, session: SessionId, how: Ended, ctx: &Context<Self>) {
        let of_session = |_: &ClientId, who: &mut Authenticated| who.session == session;
        let clients: Vec<_> = self.known().extract_if(of_session).map(|(client, _)| client).collect();
        ctx.websocket().logout_success(&how.to_string()).to_many(clients);
    }
}
