//! A WebSocket that closes when its session ends.

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use certsession_axum::CertSession;
use portal_common::{CLOSE_REASON, Follower, GREETING};

use crate::failed::Failed;

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

/// `GET /live`: says which session it follows, and closes within a second of its end, wherever
/// that was.
pub(crate) async fn follow(session: CertSession, upgrade: Upgrade) -> Result<Response, Failed> {
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
            () = ended => close(socket).await,
            () = until_the_client_goes(&mut socket) => {}
        }
    }))
}

/// `GET /live/sessions`: as `/live`, but sends the list of the user's sessions, as the page shows it,
/// whenever it has changed.
pub(crate) async fn follow_list(
    session: CertSession,
    upgrade: Upgrade,
) -> Result<Response, Failed> {
    let mut follower = Follower::new(session.into_inner())?;
    let Ok(upgrade) = upgrade else {
        return Ok(StatusCode::BAD_REQUEST.into_response());
    };
    Ok(upgrade.on_upgrade(async move |mut socket| {
        loop {
            tokio::select! {
                list = follower.next() => match list {
                    Some(list) => if socket.send(Message::text(list)).await.is_err() {
                        return;
                    },
                    None => return close(socket).await,
                },
                () = until_the_client_goes(&mut socket) => return,
            }
        }
    }))
}

async fn close(mut socket: WebSocket) {
    let reason = CloseFrame {
        code: close_code::POLICY,
        reason: CLOSE_REASON.into(),
    };
    // Where the client is gone already, no one is left to tell.
    let _ = socket.send(Message::Close(Some(reason))).await;
}

/// Pings are answered while messages are received.
async fn until_the_client_goes(socket: &mut WebSocket) {
    while let Some(Ok(_)) = socket.recv().await {}
}
