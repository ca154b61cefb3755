//! CACHE-01: what only the user may see, kept by the browser or by a proxy.

use super::*;

pub(super) const CHECKS: &[Check] = &[check!("CACHE-01", stored)];

async fn stored(scan: &Scan<'_>) -> Outcome {
    let mut victim = scan.victim("the victim").await?;
    let answer = victim.run("whoami").await?;
    if scan.judge(&victim, &answer)? != crate::oracle::Reading::Victim {
        return inconclusive("whoami did not know the victim when it was asked a second time");
    }
    let control = answer.header_list("cache-control").to_ascii_lowercase();
    let says = |word: &str| {
        control
            .split(',')
            .any(|part| part.trim().split('=').next() == Some(word))
    };
    let no_age = control
        .split(',')
        .any(|part| part.trim().replace(' ', "") == "max-age=0");
    if says("no-store") {
        return passed("the signed-in answer is not stored");
    }
    if !says("public") && (says("no-cache") || says("private") && no_age) {
        return passed("the signed-in answer is not shown again without asking the application");
    }
    match control.is_empty() {
        true => finding(
            "An answer that only the signed-in user may see comes without Cache-Control: a cache \
             may keep it, and the back button shows it after the sign-out.",
        ),
        false => finding(format!(
            "An answer that only the signed-in user may see comes with `Cache-Control: {control}`: \
             a cache may keep it, and the back button shows it after the sign-out."
        )),
    }
}
