//! A recording of a sign-in (HAR), as browsers save it.

use std::path::Path;

use serde::Deserialize;
use url::Url;

use super::InitError;
use super::write::Draft;
use crate::redaction::is_secret_name;

#[derive(Deserialize)]
struct Har {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    request: Request,
    response: Response,
}

#[derive(Deserialize)]
struct Request {
    method: String,
    url: String,
    #[serde(default, rename = "postData")]
    post_data: Option<PostData>,
}

#[derive(Deserialize)]
struct PostData {
    #[serde(default, rename = "mimeType")]
    mime_type: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    params: Vec<Param>,
}

#[derive(Deserialize)]
struct Param {
    name: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
struct Response {
    #[serde(default)]
    content: Content,
}

#[derive(Default, Deserialize)]
struct Content {
    #[serde(default, rename = "mimeType")]
    mime_type: String,
    #[serde(default)]
    text: String,
}

/// Makes a configuration of a recording: its first request that sends a password is the sign-in.
///
/// # Errors
/// Where the file cannot be read, is no recording, or sends no password.
pub fn from_har(path: impl AsRef<Path>) -> Result<String, InitError> {
    let path = path.as_ref();
    let text = std::fs::read_to_string(path)
        .map_err(|error| InitError(format!("cannot read {}: {error}", path.display())))?;
    configuration(&text).map_err(|InitError(why)| InitError(format!("{}: {why}", path.display())))
}

fn configuration(text: &str) -> Result<String, InitError> {
    let har: Har = serde_json::from_str(text)
        .map_err(|error| InitError(format!("this is no recording: {error}")))?;
    let entries = &har.log.entries;
    let (place, url, fields, json) = entries
        .iter()
        .enumerate()
        .find_map(|(place, entry)| {
            let (fields, json) = fields(entry)?;
            let url = Url::parse(&entry.request.url).ok()?;
            fields
                .iter()
                .any(|(name, _)| name.to_ascii_lowercase().contains("pass"))
                .then_some((place, url, fields, json))
        })
        .ok_or_else(|| InitError("no request of it sends a password".to_owned()))?;
    let origin = crate::http::origin(&url);
    let mut draft = Draft {
        target: origin.clone(),
        login: format!("{} {}", entries[place].request.method, of(&url)),
        json,
        ..Draft::default()
    };
    for (name, value) in fields {
        // A value that an earlier page had in a field of this name changes each time.
        let page = entries[..place].iter().rev().find(|entry| {
            !value.is_empty()
                && entry.request.method == "GET"
                && entry.response.content.text.contains(&value)
                && entry.response.content.text.contains(&name)
        });
        match page.and_then(|entry| Url::parse(&entry.request.url).ok()) {
            Some(page) => {
                draft.page = Some(of(&page));
                draft.hidden.push(name);
            }
            // What the recording has for a secret stays out of the file.
            None if is_secret_name(&name) => draft.fields.push((name, String::new())),
            None => draft.fields.push((name, value)),
        }
    }
    let own = |entry: &Entry| -> Option<Url> {
        Url::parse(&entry.request.url)
            .ok()
            .filter(|url| crate::http::origin(url) == origin)
    };
    let after = &entries[place + 1..];
    draft.whoami = after
        .iter()
        .find(|entry| {
            entry.request.method == "GET"
                && (entry.response.content.mime_type.contains("json")
                    || entry.response.content.mime_type.contains("html"))
        })
        .and_then(own)
        .map(|url| format!("GET {}", of(&url)));
    draft.logout = after.iter().find_map(|entry| {
        let url = own(entry)?;
        let lower = url.path().to_ascii_lowercase();
        ["logout", "signout", "sign-out", "log-out", "sign_out"]
            .iter()
            .any(|word| lower.contains(word))
            .then(|| format!("{} {}", entry.request.method, of(&url)))
    });
    Ok(draft.render())
}

fn of(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// What a request sends, and whether as JSON.
fn fields(entry: &Entry) -> Option<(Vec<(String, String)>, bool)> {
    let data = entry.request.post_data.as_ref()?;
    if data.mime_type.contains("json") {
        let json: serde_json::Value = serde_json::from_str(&data.text).ok()?;
        let fields = json
            .as_object()?
            .iter()
            .map(|(name, value)| {
                let value = match value {
                    serde_json::Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                (name.clone(), value)
            })
            .collect();
        return Some((fields, true));
    }
    let fields = match data.params.is_empty() {
        true => url::form_urlencoded::parse(data.text.as_bytes())
            .into_owned()
            .collect(),
        false => data
            .params
            .iter()
            .map(|param| (param.name.clone(), param.value.clone()))
            .collect(),
    };
    Some((fields, false))
}

#[cfg(test)]
mod tests {
    use super::configuration;
    use crate::config::Config;

    #[test]
    fn a_recording_becomes_a_configuration_without_its_secrets() {
        let har = r#"{"log":{"entries":[
            {"request":{"method":"GET","url":"https://localhost/login"},
             "response":{"content":{"mimeType":"text/html","text":"<input name=csrf value=t0k3n>"}}},
            {"request":{"method":"POST","url":"https://localhost/login","postData":
              {"mimeType":"application/x-www-form-urlencoded","text":"user=alice&password=geheim&csrf=t0k3n"}},
             "response":{}},
            {"request":{"method":"GET","url":"https://localhost/home"},
             "response":{"content":{"mimeType":"text/html"}}},
            {"request":{"method":"POST","url":"https://localhost/logout"},"response":{}}
        ]}}"#;
        let text = configuration(har).unwrap();
        assert!(
            !text.contains("geheim") && !text.contains("t0k3n"),
            "{text}"
        );
        assert!(text.contains("from = \"GET /login\""), "{text}");
        assert!(text.contains("request = \"GET /home\""), "{text}");
        assert!(text.contains("request = \"POST /logout\""), "{text}");
        let filled = text
            .replace("${ALICE_PASSWORD}", "a")
            .replace("${BOB_PASSWORD}", "b");
        Config::parse(&filled, "scan.toml").unwrap();
    }
}
