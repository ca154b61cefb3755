//! The body of a request, with the values of an actor in it.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value as Json;

use crate::config::{Body, Method, Step, expand};
use crate::http::Outgoing;

pub(super) fn write_body<'v>(
    outgoing: &mut Outgoing,
    step: &Step,
    value: impl Fn(&str) -> Option<&'v str> + Copy,
    own: Vec<(String, String)>,
    added: &[(String, String)],
) {
    let body = match &step.body {
        Body::None if own.is_empty() && added.is_empty() => return,
        Body::None => Body::Form(Vec::new()),
        body => body.clone(),
    };
    let (content, media_type) = match body {
        Body::None => return,
        Body::Form(fields) => {
            let mut filled: Vec<(String, String)> = fields
                .iter()
                .map(|(name, template)| (name.clone(), expand(template, value)))
                .filter(|(name, _)| own.iter().all(|(own, _)| own != name))
                .collect();
            filled.extend(own);
            filled.extend(added.iter().cloned());
            if matches!(outgoing.method, Method::GET | Method::HEAD) {
                let mut url = outgoing.url.clone();
                url.set_query(Some(&encoded(&filled)));
                outgoing.url = url;
                return;
            }
            (
                encoded(&filled),
                "application/x-www-form-urlencoded".to_owned(),
            )
        }
        Body::Json(json) => {
            let mut json = filled(&json, value);
            if let Json::Object(object) = &mut json {
                for (name, content) in own.into_iter().chain(added.iter().cloned()) {
                    object.insert(name, Json::String(content));
                }
            }
            (json.to_string(), "application/json".to_owned())
        }
        Body::Raw {
            content,
            media_type,
        } => (expand(&content, value), media_type),
    };
    outgoing.body = Bytes::from(content);
    set_header(&mut outgoing.headers, CONTENT_TYPE, &media_type);
}

fn filled<'v>(json: &Json, value: impl Fn(&str) -> Option<&'v str> + Copy) -> Json {
    match json {
        Json::String(text) => Json::String(expand(text, value)),
        Json::Array(values) => Json::Array(values.iter().map(|json| filled(json, value)).collect()),
        Json::Object(values) => Json::Object(
            values
                .iter()
                .map(|(name, json)| (name.clone(), filled(json, value)))
                .collect(),
        ),
        other => other.clone(),
    }
}

/// Names of headers are told from names of fields by how headers that carry tokens are named.
pub(super) fn header_for(name: &str) -> Option<HeaderName> {
    let lower = name.to_ascii_lowercase();
    let is_header = lower == "authorization" || lower.starts_with("x-");
    is_header
        .then(|| HeaderName::try_from(lower.as_str()).ok())
        .flatten()
}

pub(super) fn set_header(headers: &mut HeaderMap, name: HeaderName, content: &str) {
    if let Ok(value) = HeaderValue::from_bytes(content.as_bytes()) {
        headers.insert(name, value);
    }
}

pub(super) fn encoded(fields: &[(String, String)]) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields {
        form.append_pair(name, value);
    }
    form.finish()
}
