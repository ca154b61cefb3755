//! A WebSocket that closes when its session ends.

use axum::extract::ws::{CloseFrame, Message, WebSocketUpgrade, close_code};
use axum::response::Response;
use certsession_axum::{CertSession, SignedIn};

pub(crate) async fn follow(
    name: SignedIn,
    session: CertSession,
    upgrade: WebSocketUpgrade,
) -> Response {
    let ended = session.ended();
    upgrade.on_upgrade(async move |mut socket| {
        if socket
            .send(Message::text(format!("hello {name}")))
            .await
            .is_err()
        {
            return;
        }
        tokio::pin!(ended);
        loop {
            tokio::select! {
                () = &mut ended => {
                    let reason = CloseFrame {
                        code: close_code::POLICY,
                        reason: "the session has ended".into(),
                    };
                    // If the client has gone, there is no one to tell.
                    let _ = socket.send(Message::Close(Some(reason))).await;
                    return;
                }
                received = socket.recv() => match received {
                    Some(Ok(_)) => {}
                    _ => return,
                },
            }
        }
    })
}
