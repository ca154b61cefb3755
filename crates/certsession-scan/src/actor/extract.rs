//! Values that are taken from answers.

use serde_json::Value as Json;

use crate::config::Source;
use crate::http::{Answer, Jar};

pub(super) fn value_in(answer: &Answer, source: &Source, jar: &Jar) -> Option<String> {
    match source {
        Source::Css {
            selector,
            attribute,
        } => {
            let selector = scraper::Selector::parse(selector).ok()?;
            let page = scraper::Html::parse_document(&answer.text());
            let element = page.select(&selector).next()?;
            match attribute {
                Some(attribute) => element.attr(attribute).map(str::to_owned),
                None => element
                    .attr("value")
                    .or(element.attr("content"))
                    .map(str::to_owned)
                    .or_else(|| {
                        let text = element.text().collect::<String>().trim().to_owned();
                        (!text.is_empty()).then_some(text)
                    }),
            }
        }
        Source::Json(pointer) => match answer.json()?.pointer(pointer)? {
            Json::String(text) => Some(text.clone()),
            Json::Number(number) => Some(number.to_string()),
            _ => None,
        },
        Source::Header(name) => answer.header(name),
        Source::Cookie(name) => jar.value(name).map(str::to_owned),
        Source::Between(after, before) => {
            let text = answer.text();
            let (_, rest) = text.split_once(after.as_str())?;
            let (value, _) = rest.split_once(before.as_str())?;
            Some(value.to_owned())
        }
    }
}
