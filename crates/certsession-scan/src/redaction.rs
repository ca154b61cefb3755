//! Names in the place of tokens and passwords, however a request or an answer writes them.

use crate::config::{Config, Step};
use crate::http::decoded;

/// Shorter values are words like `en`, which occur in any text by chance.
const MIN_TOKEN: usize = 6;
/// A password is replaced where it is longer than this.
const MAX_WORD: usize = 2;
/// What a text has in the place of a token, before its number.
const TOKEN: &str = "$TOKEN_";
const SECRET: &str = "$SECRET";

/// The tokens and passwords that no report may show.
#[derive(Debug)]
pub(crate) struct Redaction {
    /// In the order in which they appeared, without percent escapes: `$TOKEN_1` and so on.
    tokens: Vec<String>,
    of_tokens: Vec<Needle>,
    of_secrets: Vec<Needle>,
}

/// A text that is looked for, and what is put in its place.
#[derive(Debug)]
struct Needle {
    text: String,
    name: String,
}

impl Redaction {
    /// Hides what came from the environment, and what goes under the name of a secret.
    pub(crate) fn of(config: &Config) -> Self {
        let mut redaction = Self {
            tokens: Vec::new(),
            of_tokens: Vec::new(),
            of_secrets: Vec::new(),
        };
        let configured = config.headers.iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.to_string(), value)
        });
        let steps = config
            .identities
            .iter()
            .flat_map(|identity| identity.steps.values().flat_map(named));
        for secret in &config.secrets {
            redaction.hide(secret);
        }
        for (name, value) in configured.chain(steps) {
            if is_secret_name(&name) {
                redaction.hide(&value);
            }
        }
        redaction
    }

    fn hide(&mut self, secret: &str) {
        for text in forms(secret) {
            if text.len() > MAX_WORD {
                push(&mut self.of_secrets, text, SECRET);
            }
        }
    }

    pub(crate) fn forget_tokens(&mut self) {
        self.tokens.clear();
        self.of_tokens.clear();
    }

    /// The name of a token; of a value that is too short for one, the value itself.
    pub(crate) fn token(&mut self, value: &str) -> String {
        if value.len() < MIN_TOKEN {
            return value.to_owned();
        }
        // One token has one name, with percent escapes and without.
        let plain = decoded(value);
        let known = self.tokens.iter().position(|token| *token == plain);
        if let Some(place) = known {
            return format!("{TOKEN}{}", place + 1);
        }
        let name = format!("{TOKEN}{}", self.tokens.len() + 1);
        // express-session signs the id that it puts in front (`s:ID.SIGNATURE`).
        let id = plain
            .strip_prefix("s:")
            .and_then(|signed| signed.split('.').next())
            .map(str::to_owned);
        for text in forms(value).into_iter().chain(id) {
            if text.len() >= MIN_TOKEN {
                push(&mut self.of_tokens, text, &name);
            }
        }
        self.tokens.push(plain);
        name
    }

    /// The text with names for all tokens and passwords that are known.
    pub(crate) fn redacted(&self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            // What is replaced already is not read once more.
            let name = [TOKEN, SECRET]
                .into_iter()
                .find(|name| rest.starts_with(name));
            let found = match name {
                Some(_) => None,
                None => longest(&self.of_tokens, rest).or_else(|| longest(&self.of_secrets, rest)),
            };
            let (put, length) = match (name, found) {
                (Some(name), _) => {
                    let number = |c: &char| c.is_ascii_digit();
                    let digits = rest[name.len()..].chars().take_while(number).count();
                    (&rest[..name.len() + digits], name.len() + digits)
                }
                (None, Some((name, length))) => (name, length),
                (None, None) => (&rest[..first.len_utf8()], first.len_utf8()),
            };
            shown.push_str(put);
            rest = &rest[length..];
        }
        shown
    }
}

/// What a step sends under a name.
fn named(step: &Step) -> Vec<(String, String)> {
    let headers = step
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.clone()));
    step.fields().into_iter().chain(headers).collect()
}

pub(crate) fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [
        "pass",
        "pwd",
        "secret",
        "token",
        "otp",
        "pin",
        "code",
        "authorization",
    ]
    .iter()
    .any(|word| name.contains(word))
}

/// A value as it is, without its percent escapes, and as it is written in JSON. What else a form,
/// a query or a shell makes of it is looked for by [`matched`].
fn forms(value: &str) -> Vec<String> {
    let json = serde_json::Value::from(value).to_string();
    let json = json.trim_start_matches('"');
    let json = json.strip_suffix('"').unwrap_or(json);
    vec![value.to_owned(), decoded(value), json.to_owned()]
}

fn push(needles: &mut Vec<Needle>, text: String, name: &str) {
    if needles.iter().all(|needle| needle.text != text) {
        needles.push(Needle {
            text,
            name: name.to_owned(),
        });
    }
}

/// The longest of the needles that the text begins with: its name, and how much of the text it is.
fn longest<'n>(needles: &'n [Needle], text: &str) -> Option<(&'n str, usize)> {
    needles
        .iter()
        .filter_map(|needle| {
            let length = matched(text.as_bytes(), needle.text.as_bytes())?;
            Some((needle.name.as_str(), length))
        })
        .max_by_key(|(_, length)| *length)
}

/// How much of the text the needle is at its beginning, where any of its bytes may be written as
/// `%XX`, a space as `+`, and a quote with backslashes before it.
fn matched(text: &[u8], needle: &[u8]) -> Option<usize> {
    let mut at = 0;
    for wanted in needle {
        let rest = text.get(at..)?;
        at += match rest {
            [byte, ..] if byte == wanted => 1,
            [b'%', high, low, ..] if hex(*high, *low) == Some(*wanted) => 3,
            [b'+', ..] if *wanted == b' ' => 1,
            [b'\\', ..] if *wanted == b'"' => {
                let slashes = rest.iter().take_while(|byte| **byte == b'\\').count();
                (rest.get(slashes) == Some(&b'"')).then_some(slashes + 1)?
            }
            _ => return None,
        };
    }
    Some(at)
}

fn hex(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::Redaction;
    use crate::config::Config;

    const PASSWORD: &str = "p@ss w0rd!\"\\é";

    fn redaction() -> Redaction {
        let password = serde_json::Value::from(PASSWORD);
        let text = format!(
            "target = \"http://localhost\"\n[identity.alice]\n\
             [step.login]\nrequest = \"POST /login\"\nform = {{ password = {password} }}\n\
             headers = {{ authorization = \"Basic YWxpY2U6cEBzcw==\" }}\n\
             [step.whoami]\nrequest = \"GET /me\"\nsigned_in = \"alice\"\n"
        );
        Redaction::of(&Config::parse(&text, "scan.toml").unwrap())
    }

    #[test]
    fn a_password_is_hidden_in_every_form_in_which_it_is_sent() {
        let redaction = redaction();
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("password", PASSWORD)
            .finish();
        assert_eq!(redaction.redacted(&form), "password=$SECRET");
        assert_eq!(
            redaction.redacted(&form.to_lowercase().replace('+', "%20")),
            "password=$SECRET"
        );
        let json = serde_json::json!({ "password": PASSWORD }).to_string();
        assert_eq!(redaction.redacted(&json), r#"{"password":"$SECRET"}"#);
        let in_shell = json.replace('"', "\\\"");
        assert_eq!(
            redaction.redacted(&in_shell),
            r#"{\"password\":\"$SECRET\"}"#
        );
        let mut url = url::Url::parse("http://localhost/").unwrap();
        url.set_query(Some(&format!("password={PASSWORD}")));
        assert_eq!(
            redaction.redacted(url.as_str()),
            "http://localhost/?password=$SECRET"
        );
        assert_eq!(
            redaction.redacted("authorization: Basic YWxpY2U6cEBzcw=="),
            "authorization: $SECRET"
        );
    }

    #[test]
    fn a_token_has_one_name_however_it_is_written() {
        let mut redaction = redaction();
        assert_eq!(redaction.token("ab+c/d=="), "$TOKEN_1");
        assert_eq!(redaction.token("ab%2Bc%2Fd%3D%3D"), "$TOKEN_1");
        assert_eq!(
            redaction.redacted("/me?sid=ab%2Bc%2Fd%3D%3D&s=ab%2bc%2fd%3d%3d;ab+c/d=="),
            "/me?sid=$TOKEN_1&s=$TOKEN_1;$TOKEN_1"
        );
        assert_eq!(redaction.token("s%3Aq83Jd0sKf7.aYb3Hd"), "$TOKEN_2");
        assert_eq!(
            redaction.redacted("s:q83Jd0sKf7.aYb3Hd q83Jd0sKf7 s%3Aq83Jd0sKf7.aYb3Hd"),
            "$TOKEN_2 $TOKEN_2 $TOKEN_2"
        );
    }

    #[test]
    fn the_longest_token_is_named_and_a_name_is_not_replaced_again() {
        let mut redaction = redaction();
        redaction.token("abcdef");
        redaction.token("abcdefghi");
        redaction.token("TOKEN_1");
        let once = redaction.redacted("abcdefghi abcdef");
        assert_eq!(once, "$TOKEN_2 $TOKEN_1");
        assert_eq!(redaction.redacted(&once), once);
        assert_eq!(redaction.token("short"), "short");
    }
}
