//! From a step to a request.

use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName,
    HeaderValue, ORIGIN, REFERER, USER_AGENT,
};
use url::Url;

use super::Actor;
use super::body::{encoded, header_for, set_header, write_body};
use super::change::{Change, CookieLines, Site};
use crate::config::{Body, Method, Step, expand};
use crate::forge::random_hex;
use crate::http::{Outgoing, Trouble};

impl Actor<'_> {
    pub(super) fn outgoing(&self, step: &Step, change: &Change) -> Result<Outgoing, Trouble> {
        let random = random_hex(8);
        let fields = match self.identity.step("login") {
            Some(login) => login.fields(),
            None => Vec::new(),
        };
        let value = |name: &str| -> Option<&str> {
            match name {
                "identity" => Some(&self.identity.name),
                "random" => Some(&random),
                _ => self.values.get(name).map(String::as_str).or_else(|| {
                    fields
                        .iter()
                        .find(|(field, _)| field == name)
                        .map(|(_, value)| value.as_str())
                }),
            }
        };
        let method = change.method.clone().unwrap_or_else(|| step.method.clone());
        let mut url = self.url(&expand(&step.path, value))?;
        if !change.path_parameters.is_empty() {
            let path = format!("{}{}", url.path(), change.path_parameters);
            url.set_path(&path);
        }
        if !change.query.is_empty() {
            let added = encoded(&change.query);
            let query = match url.query() {
                Some(query) => format!("{query}&{added}"),
                None => added,
            };
            url.set_query(Some(&query));
        }
        let mut outgoing = self.plain(method, url);
        let cross_site = change.site == Site::Cross;
        for (name, template) in &step.headers {
            // A form of another site sends no headers of its own choice.
            if cross_site {
                continue;
            }
            let content = expand(template, value);
            // A header around a token that one does not have is not sent at all.
            if self
                .identity
                .steps
                .values()
                .flat_map(|step| &step.extract)
                .any(|extract| content.contains(&format!("{{{}}}", extract.name)))
            {
                continue;
            }
            set_header(&mut outgoing.headers, name.clone(), &content);
        }
        let mut own = self.own_values(step);
        own.retain(|(name, content)| match header_for(name) {
            Some(header) => {
                let content = match header == AUTHORIZATION && !content.contains(' ') {
                    true => format!("Bearer {content}"),
                    false => content.clone(),
                };
                if !cross_site {
                    set_header(&mut outgoing.headers, header, &content);
                }
                false
            }
            None => true,
        });
        if !change.no_body {
            write_body(&mut outgoing, step, value, own, &change.form);
        }
        if let Some(media_type) = change.media_type {
            outgoing
                .headers
                .insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        }
        self.tell_site(&mut outgoing, change.site);
        let lines = match &change.cookies {
            CookieLines::OfJar => None,
            CookieLines::Only(jar) => Some(jar.header(&outgoing.url).into_iter().collect()),
            CookieLines::Raw(lines) => Some(lines.clone()),
        };
        if let Some(lines) = lines {
            outgoing.headers.remove(COOKIE);
            for line in lines {
                if let Ok(value) = HeaderValue::from_bytes(line.as_bytes()) {
                    outgoing.headers.append(COOKIE, value);
                }
            }
        }
        for (name, content) in &change.headers {
            set_header(&mut outgoing.headers, name.clone(), content);
        }
        Ok(outgoing)
    }

    /// The extracted values that no placeholder has put into the request.
    fn own_values(&self, step: &Step) -> Vec<(String, String)> {
        let used = |name: &str| {
            let placeholder = format!("{{{name}}}");
            step.path.contains(&placeholder)
                || step
                    .headers
                    .iter()
                    .any(|(_, template)| template.contains(&placeholder))
                || match &step.body {
                    Body::None => false,
                    Body::Form(fields) => {
                        fields.iter().any(|(_, value)| value.contains(&placeholder))
                    }
                    Body::Json(json) => json.to_string().contains(&placeholder),
                    Body::Raw { content, .. } => content.contains(&placeholder),
                }
        };
        step.extract
            .iter()
            .filter(|extract| !step.answers(extract) && !used(&extract.name))
            .filter_map(|extract| {
                let value = self.values.get(&extract.name)?;
                Some((extract.name.clone(), value.clone()))
            })
            .collect()
    }

    pub(super) fn plain(&self, method: Method, url: Url) -> Outgoing {
        let mut headers = HeaderMap::new();
        headers.insert(
            USER_AGENT,
            HeaderValue::from_static(concat!("certsession-scan/", env!("CARGO_PKG_VERSION"))),
        );
        headers.insert(
            ACCEPT,
            HeaderValue::from_static("text/html,application/json;q=0.9,*/*;q=0.8"),
        );
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        for (name, value) in &self.target.config.headers {
            headers.insert(name.clone(), value.clone());
        }
        if let Some(line) = self.jar.header(&url)
            && let Ok(value) = HeaderValue::from_bytes(line.as_bytes())
        {
            headers.insert(COOKIE, value);
        }
        let mut outgoing = Outgoing {
            method,
            url,
            headers,
            body: Bytes::new(),
        };
        self.tell_site(&mut outgoing, Site::Same);
        outgoing
    }

    fn tell_site(&self, outgoing: &mut Outgoing, site: Site) {
        let safe = matches!(outgoing.method, Method::GET | Method::HEAD);
        let origin = match site {
            Site::Same => crate::http::origin(&outgoing.url),
            Site::Cross => "https://attacker.example".to_owned(),
        };
        let relation = match site {
            Site::Same => "same-origin",
            Site::Cross => "cross-site",
        };
        let headers = &mut outgoing.headers;
        set_header(headers, HeaderName::from_static("sec-fetch-site"), relation);
        set_header(
            headers,
            HeaderName::from_static("sec-fetch-mode"),
            "navigate",
        );
        set_header(
            headers,
            HeaderName::from_static("sec-fetch-dest"),
            "document",
        );
        if !safe {
            set_header(headers, ORIGIN, &origin);
        }
        if !safe || site == Site::Cross {
            set_header(headers, REFERER, &format!("{origin}/"));
        }
    }

    pub(super) fn redirected(&self, last: &Outgoing, to: &Url, keeps_method: bool) -> Outgoing {
        let method = match keeps_method {
            true => last.method.clone(),
            false => Method::GET,
        };
        let mut outgoing = self.plain(method, to.clone());
        // A navigation that another site began stays one over redirects.
        if last
            .headers
            .get("sec-fetch-site")
            .is_some_and(|site| site == "cross-site")
        {
            self.tell_site(&mut outgoing, Site::Cross);
        }
        if keeps_method {
            outgoing.body = last.body.clone();
            if let Some(media_type) = last.headers.get(CONTENT_TYPE) {
                outgoing.headers.insert(CONTENT_TYPE, media_type.clone());
            }
        }
        outgoing
    }

    pub(super) fn url(&self, path: &str) -> Result<Url, Trouble> {
        let target = &self.target.config.target;
        let wrong = |error: url::ParseError| Trouble::Step(format!("{path} is no URL: {error}"));
        if path.starts_with("http://") || path.starts_with("https://") {
            let url = Url::parse(path).map_err(wrong)?;
            return match self.target.may_ask(&url) {
                true => Ok(url),
                false => Err(Trouble::Step(format!(
                    "{path} is on another host; name it with --allow-host"
                ))),
            };
        }
        let base = target.path().trim_end_matches('/');
        match path.starts_with(base) {
            true => target.join(path),
            false => target.join(&format!("{base}{path}")),
        }
        .map_err(wrong)
    }
}
