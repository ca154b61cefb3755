//! What each check is called, what it maps to, and what to do about a finding.

use serde::Serialize;

/// How much a finding gives to an attacker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; whether it is a fault depends on the application.
    Info,
    /// A layer of defence is missing.
    Low,
    /// A session lives longer, or reaches further, than its user expects.
    Medium,
    /// Another user gets the session.
    High,
}

impl Severity {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What a check is about.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The check's id.
    pub id: &'static str,
    /// The fault, in a few words.
    pub title: &'static str,
    /// How bad a finding is.
    pub severity: Severity,
    /// The test of the OWASP Web Security Testing Guide.
    pub wstg: &'static str,
    /// The requirement of OWASP ASVS 5.0.
    pub asvs: &'static str,
    /// The weakness.
    pub cwe: u32,
    /// The step of the configuration that a finding points at.
    pub step: &'static str,
    /// What to do about it, in any framework.
    pub remedy: &'static str,
}

/// The entry of a check.
pub fn entry(id: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| entry.id == id)
}

/// All checks, by family.
pub fn entries() -> &'static [Entry] {
    ENTRIES
}

use Severity::{High, Info, Low, Medium};

macro_rules! entries {
    ($($id:literal $severity:ident $wstg:literal $asvs:literal $cwe:literal $step:literal
       $title:literal $remedy:literal;)*) => {
        &[$(Entry {
            id: $id,
            title: $title,
            severity: $severity,
            wstg: concat!("WSTG-SESS-", $wstg),
            asvs: $asvs,
            cwe: $cwe,
            step: $step,
            remedy: $remedy,
        }),*]
    };
}

const ENTRIES: &[Entry] = entries![
    "FIX-01" High "03" "V7.2.4" 384 "login" "the id from before the sign-in is kept"
        "Issue a new id at the sign-in and end the session that the old one names.";
    "FIX-02" High "03" "V7.2.4" 384 "login" "an id that was never issued is adopted"
        "Load sessions only for ids that the application has issued, and issue a new one at the sign-in.";
    "FIX-03" High "03" "V7.2.4" 384 "login" "the id is taken from a URL, a header or a form"
        "Read the id from the cookie alone.";
    "FIX-04" Info "03" "V7.2.4" 384 "write" "data from before the sign-in is kept"
        "Begin the signed-in session empty, and take over by name what the user expects to keep.";
    "FIX-05" Medium "03" "V7.2.4" 384 "login" "a sign-in over another session leaves its token"
        "End the session that the browser had when a user signs in.";
    "ROT-01" Medium "03" "V7.2.4" 384 "elevate" "an elevation issues no new id"
        "Issue a new id whenever the session gains rights.";
    "ROT-02" Medium "11" "V7.4.3" 613 "password" "a change of the password leaves other sessions"
        "End, or offer to end, all other sessions when the password changes.";
    "END-01" High "06" "V7.4.1" 613 "logout" "the token works after the sign-out"
        "End the session on the server; a token that a client can keep has to be refused there.";
    "END-02" High "06" "V7.4.1" 613 "logout" "the sign-out only clears the cookie"
        "End the session on the server, and clear the cookie besides.";
    "END-03" Medium "06" "V7.4.1" 613 "logout" "an error during the sign-out keeps the session"
        "End the session before anything that may fail, or in a step that runs whatever the handler answers.";
    "END-04" Low "05" "V3.5.1" 352 "logout" "another site can sign the user out"
        "Sign out by POST, with a token of the form or a check of Sec-Fetch-Site and Origin.";
    "RACE-01" High "06" "V7.4.1" 362 "slow" "a slow request brings a signed-out session back"
        "Write a session only where it still exists: a conditional update, not a save.";
    "RACE-02" High "03" "V7.2.4" 362 "slow" "a slow request brings a replaced token back"
        "Write a session only under the token that it has now.";
    "RACE-03" Medium "08" "V15.4.1" 362 "slow" "one of two writes at the same time is lost"
        "Write single values, or check that the session has not changed since it was read.";
    "EXP-01" Medium "07" "V7.3.1" 613 "whoami" "the session outlives the idle time-out"
        "End a session on the server after the stated time without a request.";
    "EXP-02" Medium "07" "V7.3.2" 613 "whoami" "the session outlives the absolute time-out"
        "End a session on the server after the stated time, however busy it is.";
    "EXP-03" Low "11" "V7.1.2" 613 "login" "more sessions of one user than the policy allows"
        "Count a user's sessions and end the oldest, or refuse the new one.";
    "LEAK-01" High "04" "V14.2.1" 598 "login" "the token is in a URL, a redirect or a body"
        "Send the token in the cookie alone.";
    "LEAK-02" Medium "04" "V3.4.5" 598 "login" "the Referer carries the token to other sites"
        "Keep the token out of URLs, and set Referrer-Policy.";
    "COOK-01" Medium "02" "V3.3.1" 614 "login" "the session cookie has no Secure"
        "Set Secure.";
    "COOK-02" Medium "02" "V3.3.4" 1004 "login" "the session cookie has no HttpOnly"
        "Set HttpOnly.";
    "COOK-03" Low "02" "V3.3.2" 1275 "login" "the session cookie has no SameSite, or None"
        "Set SameSite=Lax, or Strict.";
    "COOK-04" Low "02" "V3.3.3" 1275 "login" "the session cookie reaches other hosts, or breaks its prefix"
        "Set no Domain, and name the cookie with the prefix __Host-.";
    "COOK-05" Low "02" "V7.3.2" 539 "login" "the session cookie stays on the disk"
        "Set neither Expires nor Max-Age, or a short one where the user asks to stay signed in.";
    "COOK-06" Medium "02" "V3.3.1" 384 "login" "a second cookie of the name takes the session over"
        "Refuse a request with two cookies of the session's name, and name it with the prefix __Host-.";
    "ENT-01" High "01" "V7.2.3" 331 "login" "tokens can be guessed"
        "Take ids from the system's random numbers: 128 bits.";
    "CACHE-01" Low "06" "V14.3.2" 525 "whoami" "signed-in answers may be cached"
        "Send Cache-Control: no-store with what only the signed-in user may see.";
    "CSRF-01" Low "05" "V3.5.1" 352 "login" "another site can sign a user in"
        "Check a token of the form, or Sec-Fetch-Site and Origin, at the sign-in as well.";
    "CERT-01" High "03" "V7.2.1" 295 "whoami" "the session works with another client certificate"
        "Bind the session to the client certificate, and compare on each request.";
    "CERT-02" High "03" "V7.2.1" 295 "whoami" "the session works without a client certificate"
        "Refuse a bound session where no certificate was shown.";
    "CERT-03" High "03" "V7.2.1" 295 "whoami" "the same serial of another authority is enough"
        "Compare the issuer with the serial, or a digest of the certificate.";
    "CERT-04" High "03" "V7.2.1" 295 "whoami" "the same name in another certificate is enough"
        "Compare the certificate or its key, not its subject.";
    "CERT-05" Medium "07" "V7.3.2" 295 "whoami" "the session outlives its certificate on an open connection"
        "Check the certificate's validity on each request.";
    "CERT-06" High "06" "V7.4.1" 295 "whoami" "the session outlives the revocation of its certificate"
        "Check the revocation list on each request, and end the sessions of revoked certificates.";
    "CERT-07" Medium "07" "V7.3.2" 295 "whoami" "a resumed TLS session outlives the certificate"
        "Turn TLS resumption off, or check the certificate on each request.";
    "CERT-08" High "03" "V13.2.1" 290 "whoami" "forged certificate headers are believed"
        "Believe such headers from an authenticated proxy alone, and strip them from all other requests.";
];

/// A framework that the answers gave away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framework {
    Django,
    Express,
    Flask,
    Laravel,
    Php,
    Rails,
    Spring,
    Tomcat,
    AspNet,
    ActixSession,
}

impl Framework {
    /// Recognises a framework by the name of its cookie, and by what the server calls itself.
    pub(crate) fn recognise(cookies: &[String], server: &str) -> Option<Self> {
        let server = server.to_ascii_lowercase();
        for cookie in cookies {
            let framework = match cookie.as_str() {
                "connect.sid" => Self::Express,
                "PHPSESSID" => Self::Php,
                "JSESSIONID" => Self::Tomcat,
                "SESSION" => Self::Spring,
                "sessionid" => Self::Django,
                "laravel_session" => Self::Laravel,
                "session" if server.contains("werkzeug") || server.contains("gunicorn") => {
                    Self::Flask
                }
                "id" => Self::ActixSession,
                name if name.starts_with(".AspNetCore.") => Self::AspNet,
                name if name.ends_with("_session") => Self::Rails,
                _ => continue,
            };
            return Some(framework);
        }
        server.contains("werkzeug").then_some(Self::Flask)
    }

    /// What to do about a finding in this framework, where it has a word of its own for it.
    pub(crate) fn remedy(self, id: &str) -> Option<&'static str> {
        // A remedy for a family need not fit all of its checks.
        let family = match id {
            "END-04" | "COOK-06" => "",
            _ => id.split('-').next().unwrap_or_default(),
        };
        Some(match (self, family, id) {
            (Self::Express, "FIX" | "ROT", _) => {
                "express-session: call req.session.regenerate() at the sign-in."
            }
            (Self::Express, "END", _) => "express-session: call req.session.destroy().",
            (Self::Express, "COOK", _) => {
                "express-session: cookie: { secure: true, httpOnly: true, sameSite: 'lax' }."
            }
            (Self::Flask, "FIX" | "ROT", _) => {
                "Flask-Session: session.clear() and app.session_interface.regenerate(session)."
            }
            (Self::Flask, "END", _) => {
                "Flask: the signed cookie cannot be ended; keep sessions on the server."
            }
            (Self::Flask, "COOK", _) => {
                "Flask: SESSION_COOKIE_SECURE, SESSION_COOKIE_HTTPONLY, SESSION_COOKIE_SAMESITE."
            }
            (Self::Php, _, "FIX-02") => "PHP: session.use_strict_mode = 1.",
            (Self::Php, _, "FIX-03") => {
                "PHP: session.use_only_cookies = 1 and session.use_trans_sid = 0."
            }
            (Self::Php, "FIX" | "ROT", _) => "PHP: session_regenerate_id(true) at the sign-in.",
            (Self::Php, "END", _) => "PHP: $_SESSION = []; session_destroy().",
            (Self::Php, "COOK", _) => "PHP: session_set_cookie_params() or session.cookie_*.",
            (Self::Tomcat, _, "FIX-03" | "LEAK-01") => {
                "Servlets: <tracking-mode>COOKIE</tracking-mode> in web.xml."
            }
            (Self::Tomcat, "FIX" | "ROT", _) => {
                "Servlets: request.changeSessionId() at the sign-in."
            }
            (Self::Tomcat, "END", _) => "Servlets: session.invalidate().",
            (Self::Tomcat, "COOK", _) => "Servlets: <cookie-config> in web.xml.",
            (Self::Django, "FIX" | "ROT", _) => {
                "Django: django.contrib.auth.login() cycles the key; do not set the user yourself."
            }
            (Self::Django, "END", _) => "Django: django.contrib.auth.logout().",
            (Self::Django, "COOK", _) => {
                "Django: SESSION_COOKIE_SECURE, SESSION_EXPIRE_AT_BROWSER_CLOSE, \
                 SESSION_COOKIE_SAMESITE."
            }
            (Self::Rails, "FIX" | "END", _) => "Rails: reset_session.",
            (Self::Laravel, "FIX", _) => "Laravel: $request->session()->regenerate().",
            (Self::Laravel, "END", _) => "Laravel: $request->session()->invalidate().",
            (Self::Spring, "FIX", _) => "Spring Security: sessionFixation().changeSessionId().",
            (Self::ActixSession, "FIX" | "ROT", _) => "actix-session: session.renew().",
            (Self::ActixSession, "END", _) => "actix-session: session.purge().",
            _ => return None,
        })
    }
}
