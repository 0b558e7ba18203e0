//! What generated code calls; no part of the public API, and free to change with every version.

pub use futures_util::future::BoxFuture;
pub use serde;

pub use crate::application::{
    CommandBlock, Components, HookResult, Invocation, NoCommands, NoNamedNode, NoNode, NodeBlock, State,
};
#[cfg(feature = "http")]
pub use crate::application::{HttpBlock, NoHttp};
#[cfg(feature = "websocket")]
pub use crate::application::{NoWebSocket, WebSocketBlock};
pub use crate::client::ClientCore;
pub use crate::command::{ArgumentSpec, CommandArguments, CommandSpec, CommandTable, Presence};
pub use crate::contract::{
    CallerOf, Calls, Contract, ContractKey, ContractTopic, ContractValue, Contracts, Declaration, Declared,
    DeclaredTopic, HandlesContract, HandlesContractConditions, KeyField, Lists, NoTopics,
};
#[cfg(feature = "http")]
pub use crate::http::{HttpRequest, RouteTable};
pub use crate::key::{KeyOf, NoKey};
pub use crate::node::{TopicOptions, TopicTable, blocking};
pub use crate::probe;
pub use crate::topic::{Topic, check_keyed_topic_name, check_topic_name};
#[cfg(feature = "websocket")]
pub use crate::websocket::{Pusher, WebSocketTable};
pub use systemge_macros::{implement, system};

/// The components of `$application`, as far as this build of systemge has them.
#[doc(hidden)]
#[macro_export]
macro_rules! __components {
    ($application:ty) => {{
        #[allow(unused_imports, reason = "each is used only where the application lacks that component")]
        use $crate::__private::{NoCommands as _, NoNamedNode as _, NoNode as _};
        let mut components = $crate::__private::Components::<$application>::new();
        components.add(<$application>::__SYSTEMGE_NODE);
        components.add(<$application>::__SYSTEMGE_NAMED_NODE);
        components.commands = <$application>::__SYSTEMGE_COMMANDS;
        $crate::__components_http!(components, $application);
        $crate::__components_websocket!(components, $application);
        components
    }};
}

#[cfg(feature = "http")]
#[doc(hidden)]
#[macro_export]
macro_rules! __components_http {
    ($components:ident, $application:ty) => {{
        #[allow(unused_imports, reason = "used only where the application lacks that component")]
        use $crate::__private::NoHttp as _;
        $components.http = <$application>::__SYSTEMGE_HTTP;
    }};
}

#[cfg(not(feature = "http"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __components_http {
    ($components:ident, $application:ty) => {};
}

#[cfg(feature = "websocket")]
#[doc(hidden)]
#[macro_export]
macro_rules! __components_websocket {
    ($components:ident, $application:ty) => {{
        #[allow(unused_imports, reason = "used only where the application lacks that component")]
        use $crate::__private::NoWebSocket as _;
        $components.websocket = <$application>::__SYSTEMGE_WEBSOCKET;
    }};
}

#[cfg(not(feature = "websocket"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __components_websocket {
    ($components:ident, $application:ty) => {};
}
