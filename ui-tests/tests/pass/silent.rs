//! Private types in a private node make no warning, however strict the program is.
#![deny(warnings, missing_docs, unreachable_pub, private_interfaces, unused_qualifications, trivial_bounds)]

#[systemge::payload]
#[derive(Debug)]
struct Secret {
    value: u8,
}

#[derive(systemge::Application)]
struct Vault {
    secret: u8,
}

#[systemge::node]
impl Vault {
    #[topic("open")]
    async fn open(&self) -> Secret {
        Secret { value: self.secret }
    }

    #[topic("close")]
    async fn close(&self, secret: Secret) {
        let _ = secret.value;
    }

    /// Old.
    #[topic("old")]
    #[deprecated(note = "use `open`")]
    async fn old(&self) -> u8 {
        1
    }
}

fn use_it(ctx: &systemge::Context) {
    let _ = VaultClient::new(ctx).open();
}

/// A node that others see.
#[derive(systemge::Application)]
pub(crate) struct Open;

#[systemge::node]
impl Open {
    /// Answers.
    #[topic("answer")]
    pub(crate) async fn answer(&self) -> u8 {
        42
    }

    #[topic("internal")]
    async fn internal(&self, secret: Secret) {
        let _ = secret;
    }
}

pub(crate) mod inner {
    //! The client goes as far as its widest method.

    /// Asks.
    pub(crate) fn ask(ctx: &systemge::Context) {
        let _ = super::OpenClient::new(ctx).any().answer();
    }
}
