//! Values that are taken from answers.

use super::ConfigError;
use super::node::Node;

/// A value that is taken from an answer and sent under its name.
#[derive(Clone, Debug)]
pub(crate) struct Extract {
    pub(crate) name: String,
    /// The request whose answer holds it: `GET /login`, or the name of a step.
    pub(crate) from: String,
    pub(crate) source: Source,
}

#[derive(Clone, Debug)]
pub(crate) enum Source {
    Css {
        selector: String,
        attribute: Option<String>,
    },
    Json(String),
    Header(String),
    Cookie(String),
    /// The text between two others in the body.
    Between(String, String),
}

pub(super) fn extracts(node: &Node) -> Result<Vec<Extract>, ConfigError> {
    node.table("extract")?
        .entries
        .iter()
        .map(|(name, line, node)| {
            let table = node.table(name)?;
            table.only(
                &format!("extract.{name}"),
                &[
                    "from",
                    "css",
                    "attr",
                    "attribute",
                    "json",
                    "pointer",
                    "header",
                    "cookie",
                    "after",
                    "before",
                ],
            )?;
            let text = |key: &str| table.get(key).map(|node| node.text(key)).transpose();
            let from = text("from")?.ok_or_else(|| {
                ConfigError::at(
                    *line,
                    format!("extract.{name} says no answer; write from = \"GET /login\""),
                )
            })?;
            let pointer = text("json")?.or(text("pointer")?);
            let attribute = text("attr")?.or(text("attribute")?).map(str::to_owned);
            let source = if let Some(selector) = text("css")? {
                scraper::Selector::parse(selector).map_err(|_| {
                    ConfigError::at(*line, format!("`{selector}` is no CSS selector"))
                })?;
                Source::Css {
                    selector: selector.to_owned(),
                    attribute,
                }
            } else if let Some(pointer) = pointer {
                Source::Json(match pointer.starts_with('/') {
                    true => pointer.to_owned(),
                    false => format!("/{}", pointer.replace('.', "/")),
                })
            } else if let Some(header) = text("header")? {
                Source::Header(header.to_owned())
            } else if let Some(cookie) = text("cookie")? {
                Source::Cookie(cookie.to_owned())
            } else if let (Some(after), Some(before)) = (text("after")?, text("before")?) {
                Source::Between(after.to_owned(), before.to_owned())
            } else {
                return Err(ConfigError::at(
                    *line,
                    format!(
                        "extract.{name} says no place; write one of css = \"input[name=…]\", \
                         json = \"/token\", header = \"…\", cookie = \"…\", \
                         after = \"…\" with before = \"…\""
                    ),
                ));
            };
            Ok(Extract {
                name: name.clone(),
                from: from.trim().to_owned(),
                source,
            })
        })
        .collect()
}
