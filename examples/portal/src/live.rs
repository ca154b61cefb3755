//! A WebSocket that closes when its session ends.

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse, rt};
use actix_ws::{CloseCode, CloseReason, Message, MessageStream, Session};
use certsession_actix::CertSession;
use portal_common::{CLOSE_REASON, GREETING};

use crate::failed::Failed;

/// `GET /live`: sends the session that it follows, and closes within a second of its end, on
/// whichever node it ended.
pub(crate) async fn follow(
    session: CertSession,
    request: HttpRequest,
    body: Payload,
) -> actix_web::Result<HttpResponse> {
    let followed = portal_common::follow(&session.clone().into_inner());
    let handle = followed.map_err(Failed::from)?;
    let (response, mut socket, messages) = actix_ws::handle(&request, body)?;
    let ended = session.ended();
    let answers = socket.clone();
    let close = rt::spawn(async move {
        // Where the client is gone already, no one is left to tell.
        let _ = socket.text(format!("{GREETING}{handle}")).await;
        ended.await;
        let reason = CloseReason {
            code: CloseCode::Policy,
            description: Some(CLOSE_REASON.to_owned()),
        };
        let _ = socket.close(Some(reason)).await;
    });
    rt::spawn(async move {
        answer_pings(answers, messages).await;
        close.abort();
    });
    Ok(response)
}

/// Answers pings until the client closes the connection.
async fn answer_pings(mut socket: Session, mut messages: MessageStream) {
    while let Some(Ok(message)) = messages.recv().await {
        let answered = match message {
            Message::Ping(bytes) => socket.pong(&bytes).await,
            Message::Close(_) => break,
            _ => Ok(()),
        };
        if answered.is_err() {
            break;
        }
    }
}
