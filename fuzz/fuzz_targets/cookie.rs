//! A request has a session exactly if one cookie with the session's name carries its token, and the
//! session's certificate is the peer's.
#![no_main]

use std::cell::OnceCell;

use actix_web::http::header::{COOKIE, HeaderValue, SET_COOKIE};
use actix_web::rt::System;
use actix_web::test::{TestRequest, call_service, init_service, read_body, try_call_service};
use actix_web::{App, HttpResponse, web};
use arbitrary::Arbitrary;
use certs_dev::{Authority, LeafRequest};
use certsession_actix::test_util::TestRequestExt;
use certsession_actix::{
    CertSession, CertSessionMiddleware, Error, Key, MemoryStore, PeerState, SessionManager,
};
use certsession_core::test_util::ManualClock;
use certsession_fuzz::{client, peer};
use libfuzzer_sys::{Corpus, fuzz_target};

const NAME: &[u8] = b"__Host-session";
const VISITS: Key<u32> = Key::new("visits");

/// A request: its cookie fields, as pieces, and its connection.
#[derive(Arbitrary, Debug)]
struct Input<'a> {
    fields: Vec<Vec<Piece<'a>>>,
    from: From,
}

/// A fuzzer cannot guess a token, so the token is a piece of its own.
#[derive(Arbitrary, Debug)]
enum Piece<'a> {
    Name,
    Token,
    /// The token with one character changed.
    Forged(u8, u8),
    Equals,
    Separator,
    Bytes(&'a [u8]),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum From {
    Owner,
    Other,
    Anonymous,
}

/// The response to a request: a status, and whether it has a session.
type Answer = (u16, bool);

/// A server with one session.
struct Site {
    token: Vec<u8>,
    ask: Box<dyn Fn(Vec<HeaderValue>, From) -> Answer>,
}

thread_local! {
    // Never dropped: when the thread ends, thread-locals that actix needs may be destroyed already.
    static SITE: OnceCell<&'static Site> = const { OnceCell::new() };
}

fuzz_target!(|input: Input<'_>| -> Corpus {
    SITE.with(|site| {
        let site = site.get_or_init(|| Box::leak(Box::new(start())));
        let fields: Option<Vec<_>> = input
            .fields
            .iter()
            .map(|pieces| HeaderValue::from_bytes(&site.text(pieces)).ok())
            .collect();
        let Some(fields) = fields else {
            // No HTTP stack passes on such a field.
            return Corpus::Reject;
        };
        let expected = match (site.is_token_there(&fields), input.from) {
            (true, From::Owner) => (200, true),
            (true, From::Other | From::Anonymous) => (403, false),
            (false, _) => (200, false),
        };
        assert_eq!((site.ask)(fields, input.from), expected);
        Corpus::Keep
    })
});

impl Site {
    fn text(&self, pieces: &[Piece<'_>]) -> Vec<u8> {
        let mut text = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Name => text.extend(NAME),
                Piece::Token => text.extend(&self.token),
                Piece::Forged(place, character) => {
                    let from = text.len();
                    text.extend(&self.token);
                    text[from + usize::from(*place) % self.token.len()] = *character;
                }
                Piece::Equals => text.push(b'='),
                Piece::Separator => text.extend(b"; "),
                Piece::Bytes(bytes) => text.extend(*bytes),
            }
        }
        text
    }

    /// Whether there is exactly one cookie with the name, and it is the token.
    fn is_token_there(&self, fields: &[HeaderValue]) -> bool {
        let all: Vec<_> = fields.iter().map(HeaderValue::as_bytes).collect();
        let all = all.join(&b';');
        let mut cookies = Vec::new();
        let mut rest = &all[..];
        while !rest.is_empty() {
            let end = rest
                .iter()
                .position(|byte| *byte == b';')
                .unwrap_or(rest.len());
            let (pair, after) = rest.split_at(end);
            rest = after.get(1..).unwrap_or_default();
            let Some(equals) = pair.iter().position(|byte| *byte == b'=') else {
                continue;
            };
            if pair[..equals].trim_ascii_start() == NAME {
                cookies.push(pair[equals + 1..].trim_ascii_end());
            }
        }
        cookies == [&self.token[..]]
    }
}

async fn visit(session: CertSession) -> Result<HttpResponse, Error> {
    session.insert(&VISITS, &1)?;
    Ok(HttpResponse::Ok().finish())
}

async fn look(session: CertSession) -> Result<HttpResponse, Error> {
    Ok(HttpResponse::Ok().json(session.get(&VISITS)? == Some(1)))
}

fn start() -> Site {
    let authority = Authority::new("fuzz CA").expect("there is randomness");
    let owner = peer(&client(&authority, &LeafRequest::client("alice")));
    let other = peer(&client(&authority, &LeafRequest::client("mallory")));
    let manager = SessionManager::builder(MemoryStore::new())
        // The clock does not move, so that neither the token nor the session ever ends.
        .clock(ManualClock::at_real_time())
        .build();
    let runtime = System::new();
    let app = App::new()
        .wrap(CertSessionMiddleware::new(manager))
        .route("/", web::post().to(visit))
        .route("/", web::get().to(look));
    let service = runtime.block_on(init_service(app));

    let first = TestRequest::post().uri("/").to_request_from(owner.clone());
    let response = runtime.block_on(call_service(&service, first));
    let cookie = response
        .headers()
        .get(SET_COOKIE)
        .expect("a session begins")
        .as_bytes();
    let token = cookie[NAME.len() + 1..][..64].to_vec();

    let ask = move |fields: Vec<HeaderValue>, from| {
        let peer = match from {
            From::Owner => owner.clone(),
            From::Other => other.clone(),
            From::Anonymous => PeerState::Absent,
        };
        let mut request = TestRequest::get().uri("/");
        for field in fields {
            request = request.append_header((COOKIE, field));
        }
        runtime.block_on(async {
            let request = request.to_request_from(peer);
            let response = match try_call_service(&service, request).await {
                Ok(response) => response,
                Err(refusal) => return (refusal.as_response_error().status_code().as_u16(), false),
            };
            assert!(
                !response.headers().contains_key(SET_COOKIE),
                "a read changes no cookie"
            );
            let status = response.status().as_u16();
            (status, read_body(response).await == "true")
        })
    };
    Site {
        token,
        ask: Box::new(ask),
    }
}
