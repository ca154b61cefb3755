//! How a request differs from what the configuration says.

use std::collections::BTreeMap;

use http::header::HeaderName;

use crate::config::Method;
use crate::http::Jar;

/// How a request differs from what the configuration says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Change {
    pub(crate) method: Option<Method>,
    pub(crate) query: Vec<(String, String)>,
    /// Parameters of the path: `;jsessionid=…`.
    pub(crate) path_parameters: String,
    pub(crate) headers: Vec<(HeaderName, String)>,
    pub(crate) form: Vec<(String, String)>,
    pub(crate) media_type: Option<&'static str>,
    pub(crate) site: Site,
    pub(crate) cookies: CookieLines,
    /// Values that the actor cannot take from an answer of their own, as another site cannot.
    pub(crate) given: Option<BTreeMap<String, String>>,
    pub(crate) no_body: bool,
    pub(crate) no_redirects: bool,
}

/// Where a request comes from, as a browser would tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Site {
    #[default]
    Same,
    Cross,
}

#[derive(Clone, Debug, Default)]
pub(crate) enum CookieLines {
    #[default]
    OfJar,
    /// Of these, those that go with the request's URL.
    Only(Jar),
    /// These, each as a line, or in HTTP/2 a field, of its own.
    Raw(Vec<String>),
}
