//! A WebSocket that closes when its session ends.

use actix_web::error::ErrorForbidden;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse, rt};
use actix_ws::{CloseCode, CloseReason, Message, MessageStream, Session};
use certsession_actix::{CertSession, Error, certsession_http};

/// `GET /live`: sends the session that it follows, and closes within a second of its end, on
/// whichever node it ended.
pub(crate) async fn follow(
    session: CertSession,
    request: HttpRequest,
    body: Payload,
) -> actix_web::Result<HttpResponse> {
    // A browser opens a WebSocket to another site without asking first, but it reports the origin.
    if request
        .headers()
        .get("sec-fetch-site")
        .is_some_and(|site| site == "cross-site")
    {
        return Err(ErrorForbidden("open it from this site\n"));
    }
    let Some(handle) = session.handle() else {
        return Err(Error::from(certsession_http::Error::NotSignedIn).into());
    };
    let (response, mut socket, messages) = actix_ws::handle(&request, body)?;
    let ended = session.ended();
    let answers = socket.clone();
    let close = rt::spawn(async move {
        // If the client has closed the connection, the message is not needed.
        let _ = socket.text(format!("session {handle}")).await;
        ended.await;
        let reason = CloseReason {
            code: CloseCode::Policy,
            description: Some("the session has ended".to_owned()),
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
