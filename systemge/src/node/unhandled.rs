//! Called topics that nobody handles, and calls that the application doesn't own up to.

use super::Inner;
use crate::connection::DialState;
use crate::contract::Contract;

impl Inner {
    /// The topics of the contracts that the application calls are known from the beginning, so that it is seen which of
    /// them nobody handles; those of instances only when they are called.
    pub(super) fn expect_topics(&self) {
        for contract in self.program().contracts.calls.iter().filter(|contract| contract.keys().is_empty()) {
            for declared in contract.topics() {
                self.router().route(declared.topic(), self.metrics().sent().of(declared.topic()));
            }
        }
    }

    /// Logs the topics that no connected node handles, once all endpoints that are dialled are connected, and whenever they
    /// are others then.
    pub(crate) fn report_unhandled(&self) {
        let connected = |(_, state): &(_, DialState)| matches!(state, DialState::Connected(_));
        if !self.dialled().iter().all(connected) {
            return;
        }
        if let Some(topics) = self.router().newly_unhandled() {
            let topics: Vec<&str> = topics.iter().map(|topic| topic.as_str()).collect();
            tracing::warn!(node = %self.name(), topics = topics.join(" "), "topics that this node calls have no handler on any connected node");
        }
    }

    /// The application calls a contract; one that it doesn't list is worth a line.
    pub(crate) fn calls(&self, contract: &'static Contract) {
        let listed = self.program().contracts.calls.iter().any(|listed| listed.key() == contract.key());
        if !listed && self.router().first_call(contract.key()) {
            tracing::warn!(
                node = %self.name(), contract = contract.name(),
                "the application calls a contract that is not in `calls(..)` of its `#[application(..)]`"
            );
        }
    }
}
