//! Requests and messages between two nodes.

use std::sync::Mutex;

use systemge::prelude::*;

use crate::support::{Caller, endpoint, listening, start};

#[derive(systemge::Application, Default)]
struct Echo {
    seen: Mutex<Vec<String>>,
}

#[systemge::node]
impl Echo {
    #[topic("echo")]
    async fn echo(&self, text: String) -> String {
        text
    }

    #[topic("note")]
    async fn note(&self, text: String) {
        self.seen.lock().expect("no panic").push(text);
    }

    #[topic("seen")]
    fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("no panic").clone()
    }

    #[topic("fail")]
    async fn fail(&self, why: String) -> Result<(), String> {
        Err(why)
    }
}

#[tokio::test]
async fn a_request_is_answered_and_messages_arrive_in_order_on_one_thread() {
    requests_and_messages().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_answered_and_messages_arrive_in_order_on_several_threads() {
    requests_and_messages().await;
}

async fn requests_and_messages() {
    let (server_system, server) = start("server", Echo::default(), listening()).await;
    let (client_system, client) = start("client", Caller::default(), listening()).await;
    assert_eq!(&*client.connect(endpoint(&server)).await.expect("it works"), "server");
    let echo = EchoClient::new(&client);
    assert_eq!(echo.echo("hello".to_owned()).await.expect("it works"), "hello");
    for number in 0..100 {
        assert_eq!(echo.note(number.to_string()).await.expect("it works"), 1);
    }
    let expected: Vec<_> = (0..100).map(|number: i32| number.to_string()).collect();
    assert_eq!(echo.seen().await.expect("it works"), expected);
    let error = echo.fail("no".to_owned()).await.expect_err("it fails");
    assert_eq!(error, systemge::client::RequestError::Handler("no".to_owned()));
    client_system.stop().await;
    server_system.stop().await;
}
