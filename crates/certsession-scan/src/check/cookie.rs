//! COOK-01 to COOK-05: the attributes of the cookies that were proven to carry the session.

use super::*;
use crate::http::{SameSite, SetCookie, unix_now};

pub(super) const CHECKS: &[Check] = &[
    check!("COOK-01", secure),
    check!("COOK-02", http_only),
    check!("COOK-03", same_site),
    check!("COOK-04", scope),
    check!("COOK-05", persistence),
];

/// A session cookie that outlives the browser by more than this is a finding where the policy
/// states no other time.
const MAX_LIFETIME: i64 = 24 * 60 * 60;

async fn secure(scan: &Scan<'_>) -> Outcome {
    judge(scan, |set| {
        (!set.secure).then(|| "goes over plain HTTP as well: it has no Secure".to_owned())
    })
    .await
    .map(|verdict| match verdict {
        // Over plain HTTP browsers refuse a cookie with Secure, so that no application that is
        // scanned there can do better.
        Verdict::Finding(_)
            if !scan.target.is_https() && !scan.target.config.policy.behind_https =>
        {
            Verdict::NotApplicable(
                "the target is scanned over plain HTTP, where Secure cannot be asked for; \
                 [policy] behind_https = true asks for it"
                    .to_owned(),
            )
        }
        verdict => verdict,
    })
}

async fn http_only(scan: &Scan<'_>) -> Outcome {
    judge(scan, |set| {
        (!set.http_only).then(|| "is readable by any script of the page: it has no HttpOnly".into())
    })
    .await
}

async fn same_site(scan: &Scan<'_>) -> Outcome {
    judge(scan, |set| match set.same_site {
        Some(SameSite::Lax | SameSite::Strict) => None,
        Some(SameSite::None) => {
            Some("goes with requests that other sites cause: SameSite=None".to_owned())
        }
        Some(SameSite::Unknown) | None => Some(
            "goes, in some browsers, with requests that other sites cause: it has no SameSite"
                .to_owned(),
        ),
    })
    .await
}

async fn scope(scan: &Scan<'_>) -> Outcome {
    let https = scan.target.is_https();
    judge(scan, |set| {
        let host_prefix = starts_with(&set.name, "__host-");
        if host_prefix && (set.domain.is_some() || set.path.as_deref() != Some("/") || !set.secure)
        {
            return Some(
                "is refused by browsers: __Host- asks for Secure, Path=/ and no Domain".to_owned(),
            );
        }
        if https && starts_with(&set.name, "__secure-") && !set.secure {
            return Some("is refused by browsers: __Secure- asks for Secure".to_owned());
        }
        match &set.domain {
            Some(domain) if domain.parse::<std::net::IpAddr>().is_err() => Some(format!(
                "goes to every host under {domain}, and each of them can replace it: it has a \
                 Domain"
            )),
            _ => None,
        }
    })
    .await
}

async fn persistence(scan: &Scan<'_>) -> Outcome {
    let limit = scan
        .target
        .config
        .policy
        .persistence
        .and_then(|limit| i64::try_from(limit.as_secs()).ok());
    let now = unix_now();
    judge(scan, |set| {
        let lifetime = set.lifetime(now)?;
        let too_long = match limit {
            Some(limit) => lifetime > limit,
            None => lifetime + 60 >= MAX_LIFETIME,
        };
        let days = (lifetime + 43_200) / 86_400;
        too_long.then(|| match days {
            0 => "stays on the disk for longer than the policy allows".to_owned(),
            days => format!("stays on the disk for about {days} days"),
        })
    })
    .await
}

/// Looks at every line that sets a cookie of the session, of the sign-in and after it.
async fn judge(scan: &Scan<'_>, fault: impl Fn(&SetCookie) -> Option<String>) -> Outcome {
    if let Some(end) = without_session_cookie(scan) {
        return end;
    }
    let mut victim = scan.browser("the victim");
    let login = victim.run("login").await?;
    crate::scan::did_not_fail(&login, "login")?;
    let mut chain = victim.chain.clone();
    let before: Vec<SetCookie> = victim.jar.iter().map(|stored| stored.set.clone()).collect();
    // The control: these cookies do sign in.
    if scan.who(&mut victim).await? != crate::oracle::Reading::Victim {
        return inconclusive("the sign-in did not sign in");
    }
    chain.extend(victim.chain.iter().cloned());
    let now = unix_now();
    let lines: Vec<SetCookie> = chain
        .iter()
        .flat_map(|answer| answer.set_cookies.clone())
        .chain(before)
        .filter(|set| scan.carrier.cookies.contains(&set.name) && !set.removes(now))
        .collect();
    if lines.is_empty() {
        return inconclusive("no answer of the sign-in sets the cookie");
    }
    for set in &lines {
        if let Some(fault) = fault(set) {
            return finding(format!(
                "The cookie {}, which carries the session, {fault}.",
                set.name
            ));
        }
    }
    passed(format!("judged on {}", listed(&scan.carrier.cookies)))
}

fn starts_with(name: &str, prefix: &str) -> bool {
    name.to_ascii_lowercase().starts_with(prefix)
}
