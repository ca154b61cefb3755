//! Pieces of HTML.

use certsession_core::Timestamp;

/// A list of names and of values, which are HTML.
pub(crate) fn list(entries: &[(&str, String)]) -> String {
    let entries: String = entries
        .iter()
        .map(|(name, value)| format!("<dt>{name}</dt><dd>{value}</dd>"))
        .collect();
    format!("<dl>{entries}</dl>")
}

/// A time in UTC, which the page's script shows as its user writes times.
pub(crate) fn time(time: Timestamp) -> String {
    let exact = time.to_rfc3339();
    let shown: String = exact.chars().take("2026-01-31T23:59".len()).collect();
    format!(
        "<time datetime=\"{exact}\">{} UTC</time>",
        shown.replace('T', " ")
    )
}

/// Text of a client, so that it cannot become markup.
pub(crate) fn escape(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, character| {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // Prevents the text from being taken for a placeholder of the page's template.
            '{' => escaped.push_str("&#123;"),
            other => escaped.push(other),
        }
        escaped
    })
}
