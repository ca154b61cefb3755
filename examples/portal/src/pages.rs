//! The pages that a person sees where a request fails.

use actix_web::body::{BoxBody, MessageBody, to_bytes_limited};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, VARY,
};
use actix_web::middleware::Next;
use portal_common::{ErrorPage, wants_page};

/// The longest line of text that a page repeats, in bytes.
const MAX_REASON: usize = 1 << 10;

/// Around the sessions: replaces the line of text of a failure by a page, for a browser that opens
/// one. Everyone else gets the line.
///
/// # Errors
///
/// If the application fails without a response.
pub async fn error_pages(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> actix_web::Result<ServiceResponse<BoxBody>> {
    let accept = request.headers().get(ACCEPT);
    let accept = accept.and_then(|accept| accept.to_str().ok());
    let is_opened = request.method() == Method::GET && accept.is_some_and(wants_page);
    let response = next.call(request).await?.map_into_boxed_body();
    let page = is_opened.then(|| ErrorPage::of(response.status().as_u16()));
    let Some(page) = page.flatten() else {
        return Ok(response);
    };
    let (request, response) = response.into_parts();
    let (mut head, body) = response.into_parts();
    let reason = to_bytes_limited(body, MAX_REASON).await;
    let reason = reason.ok().and_then(Result::ok).unwrap_or_default();
    let page = page.render(&String::from_utf8_lossy(&reason));
    let headers = head.headers_mut();
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    headers.insert(CONTENT_TYPE, html);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.append(VARY, HeaderValue::from_static("Accept"));
    let policy = HeaderValue::from_static(portal_common::policy());
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    let response = head.set_body(page).map_into_boxed_body();
    Ok(ServiceResponse::new(request, response))
}
