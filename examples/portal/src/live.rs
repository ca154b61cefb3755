//! A WebSocket that closes when its session ends.

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse, rt};
use actix_ws::{CloseCode, CloseReason, Message, MessageStream, Session};
use certsession_actix::CertSession;
use portal_common::{CLOSE_REASON, Follower, GREETING};

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
    let sending = async move {
        // Where the client is gone already, no one is left to tell.
        let _ = socket.text(format!("{GREETING}{handle}")).await;
        ended.await;
        close(socket).await;
    };
    send(sending, answers, messages);
    Ok(response)
}

/// `GET /live/sessions`: as `/live`, but sends the list of the user's sessions, as the page shows it,
/// whenever it has changed.
pub(crate) async fn follow_list(
    session: CertSession,
    request: HttpRequest,
    body: Payload,
) -> actix_web::Result<HttpResponse> {
    let mut follower = Follower::new(session.into_inner()).map_err(Failed::from)?;
    let (response, mut socket, messages) = actix_ws::handle(&request, body)?;
    let answers = socket.clone();
    let sending = async move {
        while let Some(list) = follower.next().await {
            if socket.text(list).await.is_err() {
                return;
            }
        }
        close(socket).await;
    };
    send(sending, answers, messages);
    Ok(response)
}

/// Runs `sending` beside the request, until the client closes the connection.
fn send(sending: impl Future<Output = ()> + 'static, answers: Session, messages: MessageStream) {
    let sending = rt::spawn(sending);
    rt::spawn(async move {
        answer_pings(answers, messages).await;
        sending.abort();
    });
}

async fn close(socket: Session) {
    let reason = CloseReason {
        code: CloseCode::Policy,
        description: Some(CLOSE_REASON.to_owned()),
    };
    let _ = socket.close(Some(reason)).await;
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
