//! Shared parts of the applications on axum.

use serde::Deserialize;

use crate::candidate::{Reply, Request, Waiting};

/// The query of a request.
#[derive(Debug, Deserialize)]
pub(super) struct Pair {
    pub(super) key: String,
    #[serde(default)]
    pub(super) value: String,
}

/// Sends a request through an application, like its server.
pub(super) type Send = Box<dyn Fn(Request) -> Waiting<Reply>>;

/// A sender for a router of this release of axum.
macro_rules! sender {
    ($axum:ident, $router:expr) => {{
        let router: $axum::Router = $router;
        let send: $crate::candidates::axum::Send = Box::new(move |request| {
            use certsession_axum::test_util::TestRequestExt;

            let router = router.clone();
            Box::pin(async move {
                let mut sent = $axum::http::Request::get(request.target);
                if let Some(cookie) = request.cookie {
                    sent = sent.header($axum::http::header::COOKIE, cookie);
                }
                let Ok(sent) = sent.body($axum::body::Body::empty()) else {
                    return $crate::candidate::Reply::default();
                };
                // The peer's certificate is available to every handler.
                let response = tower::ServiceExt::oneshot(router, sent.with_peer(request.peer));
                let (head, body) = match response.await {
                    Ok(response) => response.into_parts(),
                    Err(never) => match never {},
                };
                let body = $axum::body::to_bytes(body, usize::MAX).await;
                let fields = head.headers.iter();
                let fields = fields.map(|(name, value)| (name.as_str(), value.as_bytes()));
                let status = head.status.as_u16();
                $crate::candidates::axum::reply(status, fields, &body.unwrap_or_default())
            })
        });
        send
    }};
}

/// The routes, to the handlers of these names where it is called.
macro_rules! routes {
    ($axum:ident) => {{
        use $axum::routing::get;

        /// A middleware that fails after the handler.
        async fn failing(
            request: $axum::extract::Request,
            next: $axum::middleware::Next,
        ) -> $axum::http::StatusCode {
            next.run(request).await;
            $axum::http::StatusCode::INTERNAL_SERVER_ERROR
        }

        let within = $axum::Router::new()
            .route("/sign-out", get(sign_out))
            .layer($axum::middleware::from_fn(failing));
        $axum::Router::new()
            .route("/whoami", get(whoami))
            .route("/put", get(put))
            .route("/get", get(read))
            .route("/slow-put", get(slow_put))
            .route("/sign-in", get(sign_in))
            .route("/sign-out", get(sign_out))
            .route("/sign-out-and-fail", get(sign_out_and_fail))
            .route("/sign-out-and-put", get(sign_out_and_put))
            .route("/rotate", get(rotate))
            .route("/rotate-and-fail", get(rotate_and_fail))
            .route("/debug", get(debug))
            .nest("/failing", within)
    }};
}

pub(super) use {routes, sender};

pub(super) fn reply<'a>(
    status: u16,
    fields: impl Iterator<Item = (&'a str, &'a [u8])>,
    body: &[u8],
) -> Reply {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Reply {
        status,
        body: text(body),
        fields: fields
            .map(|(name, value)| (name.to_owned(), text(value)))
            .collect(),
    }
}
