//! The sign-in form of a page.

use scraper::{ElementRef, Html, Selector};

use super::InitError;
use super::write::Draft;
use crate::http::Answer;

pub(super) fn configuration(answer: &Answer) -> Result<String, InitError> {
    let page = Html::parse_document(&answer.text());
    let all = |within: Option<ElementRef<'_>>, css: &str| -> Vec<ElementRef<'_>> {
        // The selectors are literals of this file.
        let Ok(selector) = Selector::parse(css) else {
            return Vec::new();
        };
        let found: Vec<_> = page.select(&selector).collect();
        match within {
            None => found,
            Some(form) => found
                .into_iter()
                .filter(|element| {
                    element
                        .ancestors()
                        .any(|ancestor| ancestor.id() == form.id())
                })
                .collect(),
        }
    };
    let form = all(None, "form")
        .into_iter()
        .find(|form| !all(Some(*form), "input[type=password]").is_empty())
        .ok_or_else(|| {
            InitError(format!(
                "{} (answered {}) has no form with a password; record a sign-in and use --har",
                answer.url, answer.status
            ))
        })?;
    let action = answer
        .url
        .join(form.attr("action").unwrap_or_default())
        .unwrap_or_else(|_| answer.url.clone());
    let method = form.attr("method").unwrap_or("get").to_ascii_uppercase();
    let mut draft = Draft {
        target: crate::http::origin(&answer.url),
        login: format!("{method} {}", path(&action)),
        page: Some(path(&answer.url)),
        ..Draft::default()
    };
    for input in all(Some(form), "input[name]") {
        let name = input.attr("name").unwrap_or_default().to_owned();
        match input
            .attr("type")
            .unwrap_or("text")
            .to_ascii_lowercase()
            .as_str()
        {
            "hidden" => draft.hidden.push(name),
            "submit" | "button" | "image" | "reset" | "file" => {}
            "checkbox" | "radio" if input.attr("checked").is_none() => {}
            _ => draft
                .fields
                .push((name, input.attr("value").unwrap_or_default().into())),
        }
    }
    draft.logout = all(None, "a[href], form[action]")
        .into_iter()
        .find_map(|element| {
            let form = element.value().name() == "form";
            let to = element.attr("href").or(element.attr("action"))?;
            let url = answer.url.join(to).ok()?;
            let lower = url.path().to_ascii_lowercase();
            let is_logout = ["logout", "signout", "sign-out", "log-out", "sign_out"]
                .iter()
                .any(|word| lower.contains(word));
            is_logout.then(|| format!("{} {}", if form { "POST" } else { "GET" }, path(&url)))
        });
    Ok(draft.render())
}

fn path(url: &url::Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::configuration;
    use crate::config::Config;
    use crate::http::Answer;

    fn answer(body: &str) -> Answer {
        Answer::new(
            url::Url::parse("https://localhost:8443/accounts/login?next=%2F").unwrap(),
            200,
            http::HeaderMap::new(),
            bytes::Bytes::from(body.to_owned()),
        )
    }

    #[test]
    fn a_form_becomes_a_configuration_without_its_secrets() {
        let page = answer(
            "<form action='/search'><input name=q></form>\
             <form method=post action='./enter'><input type=hidden name=csrf value=x>\
             <input name=user><input type=password name=pass><input type=submit name=go></form>",
        );
        let text = configuration(&page).unwrap();
        assert!(
            text.contains("request = \"POST /accounts/enter\""),
            "{text}"
        );
        assert!(text.contains("pass = \"${ALICE_PASS}\""), "{text}");
        assert!(text.contains("css = \"input[name='csrf']\""), "{text}");
        assert!(!text.contains("go ="), "{text}");
        let filled = text
            .replace("${ALICE_PASS}", "a")
            .replace("${BOB_PASS}", "b");
        Config::parse(&filled, "scan.toml").unwrap();
    }

    #[test]
    fn a_page_without_a_password_says_what_to_do_instead() {
        let error = configuration(&answer("<form></form>"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("--har"), "{error}");
    }
}
