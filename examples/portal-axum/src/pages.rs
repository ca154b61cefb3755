//! The pages that a person sees where a request fails.

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, VARY};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use portal_common::{ErrorPage, wants_page};

/// The longest line of text that a page repeats, in bytes.
const MAX_REASON: usize = 1 << 10;

/// Around the sessions: replaces the line of text of a failure by a page, for a browser that opens
/// one. Everyone else gets the line.
pub async fn error_pages(request: Request, next: Next) -> Response {
    let accept = request.headers().get(ACCEPT);
    let accept = accept.and_then(|accept| accept.to_str().ok());
    let is_opened = request.method() == Method::GET && accept.is_some_and(wants_page);
    let response = next.run(request).await;
    let page = is_opened.then(|| ErrorPage::of(response.status().as_u16()));
    let Some(page) = page.flatten() else {
        return response;
    };
    let (mut head, body) = response.into_parts();
    let reason = to_bytes(body, MAX_REASON).await.unwrap_or_default();
    let page = Html(page.render(&String::from_utf8_lossy(&reason)));
    head.headers.remove(CONTENT_LENGTH);
    let (html, body) = page.into_response().into_parts();
    head.headers.extend(html.headers);
    let policy = HeaderValue::from_static(portal_common::policy());
    head.headers.insert(CONTENT_SECURITY_POLICY, policy);
    let no_store = HeaderValue::from_static("no-store");
    head.headers.insert(CACHE_CONTROL, no_store);
    head.headers
        .append(VARY, HeaderValue::from_static("Accept"));
    Response::from_parts(head, body)
}
