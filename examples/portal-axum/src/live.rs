//! A WebSocket that closes when its session ends.

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use certsession_axum::CertSession;
use portal_common::{CLOSE_REASON, GREETING};

use crate::failed::Failed;

/// `GET /live`: says which session it follows, and closes within a second of its end, wherever
/// that was.
pub(crate) async fn follow(
    session: CertSession,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Failed> {
    let handle = portal_common::follow(&session.clone().into_inner())?;
    let Ok(upgrade) = upgrade else {
        return Ok(StatusCode::BAD_REQUEST.into_response());
    };
    let ended = session.ended();
    Ok(upgrade.on_upgrade(async move |mut socket| {
        let greeting = format!("{GREETING}{handle}");
        if socket.send(Message::text(greeting)).await.is_err() {
            return;
        }
        tokio::select! {
            () = ended => {
                let reason = CloseFrame {
                    code: close_code::POLICY,
                    reason: CLOSE_REASON.into(),
                };
                // Where the client is gone already, no one is left to tell.
                let _ = socket.send(Message::Close(Some(reason))).await;
            }
            () = until_the_client_goes(&mut socket) => {}
        }
    }))
}

/// Pings are answered while messages are received.
async fn until_the_client_goes(socket: &mut WebSocket) {
    while let Some(Ok(_)) = socket.recv().await {}
}
