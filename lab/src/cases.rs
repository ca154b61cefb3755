//! All cases: planted faults, clean twins, odd but correct applications, and targets in trouble.

use crate::case::{Case, Login, Transport};
use crate::stack::Stack;

const PASSWORD: &str = "[step.password]\nrequest = \"POST /password\"\n";
const IDLE: &str = "[policy]\nidle = \"4s\"\n";
const ABSOLUTE: &str = "[policy]\nabsolute = \"5s\"\n";
const ONE_SESSION: &str = "[policy]\nmax_sessions = 1\n";

/// The cases of a stack.
pub fn cases(stack: Stack) -> Vec<Case> {
    match stack {
        Stack::Flask => flask(),
        Stack::Express => express(),
        Stack::Actix => actix(),
        Stack::Php => php(),
        Stack::Tomcat => tomcat(),
    }
}

/// Targets of which nothing can be said: each ends inconclusive.
pub fn troubled() -> Vec<Case> {
    let case = |odd: &'static str| {
        Case::clean(Stack::Flask)
            .odd(odd)
            .more("[options]\ntimeout = \"2s\"\n")
    };
    let later = ["failing", "limited", "hanging", "dripping", "resetting"];
    let ever = ["forgetful", "generic"];
    later
        .into_iter()
        .chain(ever)
        .map(case)
        .chain(later.into_iter().map(|odd| case(odd).odd("late")))
        .chain([case("forgetful").alone()])
        .collect()
}

fn flask() -> Vec<Case> {
    let clean = || Case::clean(Stack::Flask);
    let bug = |bug: &'static str, finds: &[&'static str]| clean().bug(bug, finds);
    let without_token = |bug: &'static str, finds: &[&'static str]| {
        clean().login(Login::Form).odd("csrf-less").bug(bug, finds)
    };
    let https =
        |bug: &'static str, finds: &[&'static str]| clean().over(Transport::Https).bug(bug, finds);
    let mutual = |bug: &'static str, finds: &[&'static str]| {
        clean().over(Transport::MutualTls).bug(bug, finds)
    };
    vec![
        clean().with("ENT").with("RACE").more(PASSWORD),
        clean().over(Transport::Https),
        clean().over(Transport::MutualTls),
        clean().odd("redirect"),
        clean().odd("ok"),
        clean().odd("callback").with("RACE"),
        clean().odd("two-step").with("RACE"),
        clean()
            .odd("everywhere")
            .with("RACE")
            .more(PASSWORD)
            .alone(),
        clean().odd("rotate").with("RACE"),
        clean().odd("signed").with("ENT"),
        clean().odd("several").with("ENT"),
        clean().odd("grace"),
        clean().odd("single").with("EXP").more(ONE_SESSION),
        clean().odd("idle").with("EXP").more(IDLE),
        clean().odd("absolute").with("EXP").more(ABSOLUTE),
        clean().odd("below").with("RACE"),
        clean().odd("front"),
        clean().odd("csrf-less").login(Login::Form),
        clean().odd("csrf-less").login(Login::Json),
        clean().odd("bearer").login(Login::Bearer),
        bug("FIX-01", &["FIX-01", "FIX-04"]),
        without_token("FIX-01-ROOT", &["FIX-01", "FIX-04", "COOK-06"]),
        bug("FIX-02", &["FIX-01", "FIX-02", "FIX-04"]),
        bug("FIX-03", &["FIX-03"]),
        without_token("FIX-03-FORM", &["FIX-03"]),
        bug("FIX-03-QUERY", &["FIX-03"]),
        bug("FIX-03-HEADER", &["FIX-03"]),
        bug("FIX-04", &["FIX-04"]),
        bug("FIX-05", &["FIX-05"]),
        bug("FIX-05-LEFT", &["FIX-05"]),
        bug("ROT-01", &["ROT-01"]),
        bug("ROT-02", &["ROT-02"]).more(PASSWORD),
        bug("END-01", &["END-01"]),
        bug("END-02", &["END-01", "END-02"]),
        bug("END-03", &["END-03"]),
        bug("END-04", &["END-04"]),
        bug("END-04-POST", &["END-04", "COOK-03"]),
        bug("END-04", &["END-04"]).odd("below"),
        bug("RACE-01", &["RACE-01", "RACE-02", "RACE-03"]).with("RACE"),
        bug("RACE-01-NEW", &["RACE-01"]).with("RACE"),
        bug("RACE-01-NEW", &["RACE-01"]).odd("below").with("RACE"),
        bug("RACE-02", &["RACE-02", "RACE-03"]).with("RACE"),
        bug("RACE-03", &["RACE-03"]).with("RACE"),
        bug("EXP-01", &["EXP-01"]).with("EXP").more(IDLE),
        bug("EXP-02", &["EXP-02"]).with("EXP").more(ABSOLUTE),
        bug("EXP-03", &["EXP-03"]).with("EXP").more(ONE_SESSION),
        bug("LEAK-01", &["LEAK-01"]),
        bug("LEAK-01-BODY", &["LEAK-01"]),
        bug("LEAK-02", &["LEAK-01", "LEAK-02"]),
        https("COOK-01", &["COOK-01"]),
        bug("COOK-02", &["COOK-02"]),
        bug("COOK-03", &["COOK-03"]),
        https("COOK-04", &["COOK-04"]),
        bug("COOK-05", &["COOK-05"]),
        without_token("COOK-06", &["COOK-06"]),
        bug("ENT-01", &["ENT-01"]).with("ENT"),
        bug("ENT-01-MD5", &["ENT-01"]).with("ENT"),
        bug("ENT-01-CLOCK", &["ENT-01"]).with("ENT"),
        bug("ENT-01-NAME", &["ENT-01"]).with("ENT"),
        bug("ENT-01-TIME", &["ENT-01"]).with("ENT"),
        bug("CACHE-01", &["CACHE-01"]),
        bug("CSRF-01", &["CSRF-01"]),
        mutual("CERT-01", &["CERT-01", "CERT-04"]),
        mutual("CERT-02", &["CERT-02"]),
        mutual("CERT-04", &["CERT-04"]),
        mutual("CERT-06", &["CERT-06"]),
        mutual("CERT-07", &["CERT-07"]),
        mutual("CERT-08", &["CERT-08"]),
    ]
}

fn express() -> Vec<Case> {
    let clean = || Case::clean(Stack::Express);
    let bug = |bug: &'static str, finds: &[&'static str]| clean().bug(bug, finds);
    let over = |transport, bug: &'static str, finds: &[&'static str]| {
        clean().over(transport).bug(bug, finds)
    };
    vec![
        clean().with("ENT").with("RACE"),
        clean().over(Transport::Https),
        clean().over(Transport::MutualTls),
        clean().odd("redirect"),
        clean().odd("ok"),
        clean().odd("json").login(Login::Json),
        bug("FIX-01", &["FIX-01", "FIX-04"]),
        bug("FIX-03", &["FIX-03"]),
        bug("FIX-04", &["FIX-04"]),
        bug("FIX-05", &["FIX-05"]),
        bug("ROT-01", &["ROT-01"]),
        bug("END-01", &["END-01"]),
        bug("END-02", &["END-01", "END-02"]),
        bug("END-03", &["END-03"]),
        bug("END-04", &["END-04"]),
        bug("RACE-01", &["RACE-01", "RACE-02", "RACE-03"]).with("RACE"),
        bug("RACE-03", &["RACE-03"]).with("RACE"),
        bug("LEAK-01-BODY", &["LEAK-01"]),
        over(Transport::Https, "COOK-01", &["COOK-01"]),
        bug("COOK-02", &["COOK-02"]),
        bug("COOK-03", &["COOK-03"]),
        bug("COOK-05", &["COOK-05"]),
        bug("ENT-01", &["ENT-01"]).with("ENT"),
        bug("CACHE-01", &["CACHE-01"]),
        bug("CSRF-01", &["CSRF-01"]),
        over(Transport::MutualTls, "CERT-01", &["CERT-01", "CERT-04"]),
        over(Transport::MutualTls, "CERT-02", &["CERT-02"]),
        over(Transport::MutualTls, "CERT-03", &["CERT-03"]),
        over(Transport::MutualTls, "CERT-05", &["CERT-05", "CERT-07"]),
    ]
}

/// actix-session keeps a session as one value, so that of two writers one always loses.
fn actix() -> Vec<Case> {
    let clean = || Case::clean(Stack::Actix);
    let bug = |bug: &'static str, finds: &[&'static str]| clean().bug(bug, finds);
    vec![
        clean().with("ENT"),
        bug("FIX-01", &["FIX-01", "FIX-04", "FIX-05"]),
        bug("FIX-04", &["FIX-04"]),
        bug("ROT-01", &["ROT-01"]),
        bug("END-01", &["END-01"]),
        bug("END-02", &["END-01", "END-02"]),
        bug("END-03", &["END-03"]),
        bug("END-04", &["END-04"]),
        bug("RACE-01", &["RACE-01", "RACE-03"]).with("RACE"),
        bug("LEAK-01-BODY", &["LEAK-01"]),
        bug("COOK-02", &["COOK-02"]),
        bug("COOK-03", &["COOK-03"]),
        bug("COOK-05", &["COOK-05"]),
        bug("CACHE-01", &["CACHE-01"]),
        bug("CSRF-01", &["CSRF-01"]),
    ]
}

fn php() -> Vec<Case> {
    let clean = || Case::clean(Stack::Php);
    let bug = |bug: &'static str, finds: &[&'static str]| clean().bug(bug, finds);
    vec![
        clean().with("ENT").with("RACE"),
        bug("FIX-01", &["FIX-01", "FIX-05"]),
        bug("FIX-02", &["FIX-01", "FIX-02", "FIX-05"]),
        bug("FIX-03", &["FIX-03"]),
        bug("FIX-04", &["FIX-04"]),
        bug("FIX-05", &["FIX-05"]),
        bug("ROT-01", &["ROT-01"]),
        bug("END-01", &["END-01"]),
        bug("END-02", &["END-01", "END-02"]),
        bug("END-04", &["END-04"]),
        bug("LEAK-01-BODY", &["LEAK-01"]),
        bug("COOK-02", &["COOK-02"]),
        bug("COOK-03", &["COOK-03"]),
        bug("COOK-05", &["COOK-05"]),
        bug("CACHE-01", &["CACHE-01"]),
        bug("CSRF-01", &["CSRF-01"]),
    ]
}

fn tomcat() -> Vec<Case> {
    let clean = || Case::clean(Stack::Tomcat);
    let bug = |bug: &'static str, finds: &[&'static str]| clean().bug(bug, finds);
    vec![
        clean().with("ENT").with("RACE"),
        bug("FIX-01", &["FIX-01", "FIX-04", "FIX-05"]),
        bug("FIX-03", &["FIX-03"]),
        bug("FIX-04", &["FIX-04"]),
        bug("ROT-01", &["ROT-01"]),
        bug("END-01", &["END-01"]),
        bug("END-02", &["END-01", "END-02"]),
        bug("END-04", &["END-04"]),
        bug("LEAK-01-BODY", &["LEAK-01"]),
        bug("COOK-02", &["COOK-02"]),
        bug("COOK-03", &["COOK-03"]),
        bug("COOK-05", &["COOK-05"]),
        bug("CACHE-01", &["CACHE-01"]),
        bug("CSRF-01", &["CSRF-01"]),
    ]
}
