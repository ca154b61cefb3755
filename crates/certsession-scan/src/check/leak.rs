//! LEAK-01 and LEAK-02: the token where others can read it.

use super::*;
use crate::http::Answer;

pub(super) const CHECKS: &[Check] = &[check!("LEAK-01", shown), check!("LEAK-02", referrer)];

/// Shorter values occur in any page by chance.
const MIN_TOKEN: usize = 8;

/// An answer that holds the token.
struct Leak {
    place: &'static str,
    /// The URL has it, of the page or of where a redirect leads.
    by_url: bool,
}

/// The token in a URL, a redirect or a body.
async fn shown(scan: &Scan<'_>) -> Outcome {
    match leaks(scan).await? {
        Searched::Nothing(end) => end,
        Searched::Found(leaks, _) => match leaks.first() {
            Some(leak) => finding(format!(
                "The token of the signed-in session is in {}, where scripts, logs, proxies and \
                 the history read it.",
                leak.place
            )),
            None => passed("no URL, redirect or body holds the token"),
        },
    }
}

/// The token in the `Referer` that goes to other sites.
async fn referrer(scan: &Scan<'_>) -> Outcome {
    match leaks(scan).await? {
        Searched::Nothing(end) => end,
        Searched::Found(leaks, pages) => {
            if !leaks.iter().any(|leak| leak.by_url) {
                return passed("no URL holds the token");
            }
            match pages.iter().find(|page| page.is_html()) {
                Some(page) if !protects(page) => finding(
                    "The URL of a page holds the token, and the page does not keep it from the \
                     Referer that goes to other sites.",
                ),
                _ => passed("the pages whose URL holds the token send no Referer to other sites"),
            }
        }
    }
}

enum Searched {
    Nothing(Outcome),
    Found(Vec<Leak>, Vec<Answer>),
}

async fn leaks(scan: &Scan<'_>) -> Result<Searched, Trouble> {
    if let Some(why) = &scan.carrier.unknown {
        return Ok(Searched::Nothing(inconclusive(why.clone())));
    }
    let mut victim = scan.browser("the victim");
    let login = victim.run("login").await?;
    crate::scan::did_not_fail(&login, "login")?;
    let mut chain = victim.chain.clone();
    let at_login = chain.len();
    // The control: the anonymous cookie of a refused sign-in is no token.
    if scan.who(&mut victim).await? != crate::oracle::Reading::Victim {
        return Ok(Searched::Nothing(inconclusive(
            "the sign-in did not sign in",
        )));
    }
    chain.extend(victim.chain.iter().cloned());
    if victim.has_step("read") {
        let read = victim.run("read").await?;
        crate::scan::did_not_fail(&read, "read")?;
        chain.extend(victim.chain.iter().cloned());
    }
    let by_cookie = !scan.carrier.cookies.is_empty();
    let mut tokens: Vec<String> = Vec::new();
    let mut values: Vec<String> = scan
        .tokens(&victim.jar)
        .into_iter()
        .map(|(_, value)| value)
        .collect();
    // The tokens on the way count as well: a sign-in may set one, and the next page another.
    for answer in &chain {
        for set in &answer.set_cookies {
            if scan.carrier.cookies.contains(&set.name) {
                values.push(set.value.clone());
            }
        }
    }
    if !by_cookie {
        let whoami = victim.step("whoami")?;
        values.extend(
            victim
                .values
                .iter()
                .filter(|(name, _)| whoami.uses(name))
                .map(|(_, value)| value.clone()),
        );
    }
    for value in values {
        let plain = crate::http::decoded(&value);
        let in_url = url::form_urlencoded::byte_serialize(plain.as_bytes()).collect();
        // express-session signs the id that it puts in front (`s:ID.SIGNATURE`); pages that show
        // an id show it without the signature.
        let id = plain
            .strip_prefix("s:")
            .and_then(|signed| signed.split('.').next())
            .map(str::to_owned);
        for form in [value, plain, in_url].into_iter().chain(id) {
            if form.len() >= MIN_TOKEN && !tokens.contains(&form) {
                tokens.push(form);
            }
        }
    }
    if tokens.is_empty() {
        return Ok(Searched::Nothing(not_applicable(
            "there is no token that could be looked for",
        )));
    }
    if by_cookie && !scan.carrier.each_alone {
        // Of several cookies that are needed together, one alone opens nothing.
        let values: Vec<String> = scan
            .tokens(&victim.jar)
            .into_iter()
            .map(|(_, value)| value)
            .collect();
        let together = |text: &str| values.iter().all(|value| text.contains(value.as_str()));
        let found = chain
            .iter()
            .filter(|answer| together(&answer.text()))
            .map(|_| Leak {
                place: "a body",
                by_url: false,
            })
            .collect();
        return Ok(Searched::Found(found, chain));
    }
    let holds = |text: &str| tokens.iter().any(|token| text.contains(token.as_str()));
    let mut found = Vec::new();
    let mut pages = Vec::new();
    for (place, answer) in chain.iter().enumerate() {
        if holds(answer.url.as_str()) {
            found.push(Leak {
                place: "the URL of a page",
                by_url: true,
            });
            pages.push(answer.clone());
        }
        if answer.header("location").is_some_and(|to| holds(&to)) {
            found.push(Leak {
                place: "a redirect (Location)",
                by_url: true,
            });
        }
        // A token that is sent by script is handed out in the body of the sign-in: that is how
        // it gets to the script.
        let handed_out = !by_cookie && place < at_login;
        // The body of a redirect repeats its Location, and no one sees it.
        if answer.redirect().is_some() {
            continue;
        }
        if !handed_out && holds(&answer.text()) {
            found.push(Leak {
                place: match answer.is_html() {
                    true => "the HTML of a page",
                    false => "a body",
                },
                by_url: answer.is_html() && links_hold(answer, &tokens),
            });
            if answer.is_html() && links_hold(answer, &tokens) {
                pages.push(answer.clone());
            }
        }
    }
    Ok(Searched::Found(found, pages))
}

/// Whether a link or a form of the page leads to a URL with the token.
fn links_hold(answer: &Answer, tokens: &[String]) -> bool {
    let page = scraper::Html::parse_document(&answer.text());
    let Ok(links) = scraper::Selector::parse("a[href], form[action]") else {
        return false;
    };
    page.select(&links).any(|element| {
        [element.attr("href"), element.attr("action")]
            .into_iter()
            .flatten()
            .any(|url| tokens.iter().any(|token| url.contains(token.as_str())))
    })
}

/// Whether a page keeps its URL from other sites in every browser.
fn protects(page: &Answer) -> bool {
    let policy = page.header_list("referrer-policy").to_ascii_lowercase();
    let meta = page.text().to_ascii_lowercase();
    ["no-referrer", "same-origin", "strict-origin", "origin"]
        .iter()
        .any(|word| {
            policy.split(',').any(|policy| {
                policy.trim().starts_with(word) && policy.trim() != "no-referrer-when-downgrade"
            }) || meta.contains(&format!("name=\"referrer\" content=\"{word}\""))
        })
}
