//! A recording of a sign-in (HAR), as browsers save it.

use std::path::Path;

use scraper::{Html, Selector};
use serde::Deserialize;
use serde_json::Value as Json;
use url::Url;

use super::InitError;
use super::write::Draft;

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
                .any(|(name, value)| sends_password(name, value))
                .then_some((place, url, fields, json))
        })
        .ok_or_else(|| InitError("no request of it sends a password".to_owned()))?;
    let origin = crate::http::origin(&url);
    let own = |entry: &Entry| -> Option<Url> {
        Url::parse(&entry.request.url)
            .ok()
            .filter(|url| crate::http::origin(url) == origin)
    };
    let mut draft = Draft {
        target: origin.clone(),
        login: format!("{} {}", entries[place].request.method, of(&url)),
        json,
        ..Draft::default()
    };
    for (name, value) in fields {
        // A value that an earlier page had in an input of this name changes each time.
        let page = entries[..place]
            .iter()
            .rev()
            .filter(|entry| entry.request.method == "GET" && entry.has_input(&name, &value))
            .find_map(own)
            .filter(|_| !is_password(&name));
        match page {
            Some(page) => {
                draft.page = Some(of(&page));
                draft.hidden.push(name);
            }
            None => draft.fields.push((name, value)),
        }
    }
    let after = &entries[place + 1..];
    draft.whoami = after
        .iter()
        .filter(|entry| {
            entry.request.method == "GET"
                && (entry.response.content.mime_type.contains("json")
                    || entry.response.content.mime_type.contains("html"))
        })
        .find_map(own)
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

impl Entry {
    /// Whether the answer is a page with an input of this name and value.
    fn has_input(&self, name: &str, value: &Json) -> bool {
        let content = &self.response.content;
        let (true, Some(value), Ok(inputs)) = (
            content.mime_type.contains("html"),
            value.as_str().filter(|value| !value.is_empty()),
            Selector::parse("input[name]"),
        ) else {
            return false;
        };
        let page = Html::parse_document(&content.text);
        page.select(&inputs)
            .any(|input| input.attr("name") == Some(name) && input.attr("value") == Some(value))
    }
}

fn is_password(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.contains("pass") || name.contains("pwd")
}

fn sends_password(name: &str, value: &Json) -> bool {
    match value {
        Json::Object(fields) => fields
            .iter()
            .any(|(name, value)| sends_password(name, value)),
        Json::Array(values) => values.iter().any(|value| sends_password(name, value)),
        _ => is_password(name),
    }
}

/// What a request sends, and whether as JSON.
fn fields(entry: &Entry) -> Option<(Vec<(String, Json)>, bool)> {
    let data = entry.request.post_data.as_ref()?;
    if data.mime_type.contains("json") {
        return match serde_json::from_str(&data.text).ok()? {
            Json::Object(fields) => Some((fields.into_iter().collect(), true)),
            _ => None,
        };
    }
    // Of the same fields, some browsers leave the percent escapes in `params`.
    let in_text = !data.text.is_empty() && !data.mime_type.contains("multipart");
    let fields: Vec<(String, String)> = match in_text {
        true => url::form_urlencoded::parse(data.text.as_bytes())
            .into_owned()
            .collect(),
        false => data
            .params
            .iter()
            .map(|param| (param.name.clone(), param.value.clone()))
            .collect(),
    };
    let texts = fields
        .into_iter()
        .map(|(name, value)| (name, Json::String(value)));
    Some((texts.collect(), false))
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
    fn entry(request: &str, response: &str) -> String {
        format!("{{\"request\":{request},\"response\":{{{response}}}}}")
    }

    fn har(entries: &[String]) -> String {
        let text = format!("{{\"log\":{{\"entries\":[{}]}}}}", entries.join(","));
        configuration(&text).unwrap()
    }

    fn get(url: &str, media_type: &str, text: &str) -> String {
        let content = serde_json::json!({ "mimeType": media_type, "text": text });
        entry(
            &format!("{{\"method\":\"GET\",\"url\":\"{url}\"}}"),
            &format!("\"content\":{content}"),
        )
    }

    fn post(url: &str, media_type: &str, text: &str, params: &str) -> String {
        let text = serde_json::Value::from(text);
        entry(
            &format!(
                "{{\"method\":\"POST\",\"url\":\"{url}\",\"postData\":{{\"mimeType\":\"{media_type}\",\
                 \"text\":{text},\"params\":{params}}}}}"
            ),
            "",
        )
    }

    const FORM: &str = "application/x-www-form-urlencoded";

    #[test]
    fn json_keeps_its_types_and_its_nesting_without_its_secrets() {
        let sent = r#"{"remember":true,"version":1,"none":null,"user":
            {"name":"alice","password":"geheim","pin":1234,"roles":["a","b"]}}"#;
        let text = har(&[post(
            "http://localhost/login",
            "application/json",
            sent,
            "[]",
        )]);
        assert!(!text.contains("geheim") && !text.contains("1234"), "{text}");
        assert!(text.contains("remember = true, version = 1"), "{text}");
        assert!(
            text.contains(
                "user = { name = \"alice\", password = \"${ALICE_PASSWORD}\", \
                 pin = \"${ALICE_PIN}\", roles = [\"a\", \"b\"] }"
            ),
            "{text}"
        );
        let mut filled = text;
        for variable in ["ALICE_PASSWORD", "BOB_PASSWORD", "ALICE_PIN", "BOB_PIN"] {
            filled = filled.replace(&format!("${{{variable}}}"), "a");
        }
        Config::parse(&filled, "scan.toml").unwrap();
    }

    #[test]
    fn only_an_input_of_the_same_value_makes_a_field_hidden() {
        let text = har(&[
            get(
                "http://localhost/login",
                "text/html",
                "<input name=csrf value=t0k3n>",
            ),
            get(
                "http://localhost/app.js",
                "text/javascript",
                "user = 'alice'",
            ),
            get(
                "http://cdn.example/",
                "text/html",
                "<input name=user value=alice>",
            ),
            get(
                "http://localhost/start",
                "text/html",
                "<p>user: alice</p>\
                 <input name=password value=geheim>",
            ),
            post(
                "http://localhost/login",
                FORM,
                "user=alice&password=geheim&csrf=t0k3n",
                "[]",
            ),
        ]);
        assert!(text.contains("user = \"alice\""), "{text}");
        assert!(text.contains("password = \"${ALICE_PASSWORD}\""), "{text}");
        assert!(text.contains("css = \"input[name='csrf']\""), "{text}");
        assert!(!text.contains("geheim"), "{text}");
    }

    #[test]
    fn the_text_of_a_form_is_read_before_its_parameters() {
        let params = r#"[{"name":"user","value":"al%40example.org"},{"name":"pass","value":"x"}]"#;
        let text = har(&[post(
            "http://localhost/in",
            FORM,
            "user=al%40example.org&pass=x",
            params,
        )]);
        assert!(text.contains("user = \"al@example.org\""), "{text}");
        let text = har(&[post(
            "http://localhost/in",
            "multipart/form-data",
            "--x",
            params,
        )]);
        assert!(text.contains("user = \"al%40example.org\""), "{text}");
    }

    #[test]
    fn an_answer_of_another_site_is_not_whoami() {
        let text = har(&[
            post("http://localhost/in", FORM, "user=alice&pass=x", "[]"),
            get("http://cdn.example/config.json", "application/json", "{}"),
            get("http://localhost/home", "text/html", ""),
        ]);
        assert!(text.contains("request = \"GET /home\""), "{text}");
    }
}
