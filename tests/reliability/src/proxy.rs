//! A network that swallows everything, when it is told to.

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Forwards connections to `target`; while `swallows` holds, it takes everything and passes nothing on.
pub async fn forward(listener: TcpListener, target: SocketAddr, swallows: watch::Receiver<bool>) {
    let mut tasks = tokio::task::JoinSet::new();
    while let Ok((near, _)) = listener.accept().await {
        let swallows = swallows.clone();
        tasks.spawn(async move {
            if *swallows.borrow() {
                // even the handshake; what was swallowed stays so
                let _ = swallows.clone().wait_for(|swallows| !*swallows).await;
                return;
            }
            let Ok(far) = TcpStream::connect(target).await else { return };
            let (near_read, near_write) = near.into_split();
            let (far_read, far_write) = far.into_split();
            tokio::join!(pass(near_read, far_write, swallows.clone()), pass(far_read, near_write, swallows));
        });
    }
}

/// Passes bytes on; an end is swallowed like everything else.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut swallows: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let count = from.read(&mut buffer).await.unwrap_or(0);
        if *swallows.borrow() {
            if count == 0 {
                let _ = swallows.wait_for(|swallows| !*swallows).await;
                return;
            }
            continue;
        }
        if count == 0 || to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
