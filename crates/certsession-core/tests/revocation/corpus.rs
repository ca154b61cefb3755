//! NIST's PKITS and the lists of PyPI's `cryptography-vectors`, judged here and by OpenSSL.
//!
//! Run by `just corpus`, which fetches the data and names the folder in `CERTSESSION_CORPUS`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64ct::{Base64, Encoding};
use certsession_core::{
    CaCertificate, CrlError, CrlVerifier, OnOverdueCrl, PeerCertificate, RevocationList,
    RevocationStatus, Timestamp,
};

/// 2020-01-01: PKITS is valid from 2010 to 2030.
const NOW: Timestamp = Timestamp::from_millis(1_577_836_800_000);

/// The sections about revocation, by the names of their tests: 4.4, 4.5, 4.14 and 4.15.
const SECTIONS: [(&str, &[&str]); 4] = [
    (
        "4.4",
        &[
            "MissingCRL",
            "RevokedCA",
            "RevokedEE",
            "BadCRL",
            "WrongCRL",
            "TwoCRLs",
            "UnknownCRL",
            "CRLnextUpdate",
            "NegativeSerial",
            "LongSerial",
            "SeparateCertificate",
        ],
    ),
    ("4.5", &["BasicSelfIssued"]),
    (
        "4.14",
        &[
            "distributionPoint",
            "issuingDistributionPoint",
            "onlyContains",
            "onlySomeReasons",
            "IDPwithindirect",
            "cRLIssuer",
        ],
    ),
    ("4.15", &["deltaCRL"]),
];

/// Why a verdict of ours differs from what PKITS asks for. All are choices that
/// docs/certificates.md states.
const JUDGEMENTS: [(&str, &str); 13] = [
    (
        "InvalidBadCRLIssuerNameTest5",
        "a CA without a list: no list is no obstacle",
    ),
    (
        "InvalidWrongCRLTest6",
        "a CA without a list: no list is no obstacle",
    ),
    (
        "InvalidMissingCRLTest1",
        "a CA without a list: no list is no obstacle",
    ),
    (
        "InvalidRevokedCATest2",
        "the CA is revoked: only the client's certificate is looked up",
    ),
    (
        "InvalidSeparateCertificateandCRLKeysTest21",
        "the list's signer is revoked: whose lists count is configured",
    ),
    (
        "InvalidBasicSelfIssuedCRLSigningKeyTest8",
        "a fault of the chain, which the TLS stack refuses",
    ),
    (
        "ValiddeltaCRLTest",
        "a hold that a delta list lifts: delta lists are not applied",
    ),
    (
        "InvaliddeltaCRLTest",
        "revoked in a delta list alone: it is reported and skipped",
    ),
    (
        "IDPwithindirectCRL",
        "an indirect list: reported, and refused at the start",
    ),
    (
        "cRLIssuer",
        "an indirect list: reported, and refused at the start, or of a CA without a list",
    ),
    (
        "onlyContains",
        "the list is for other certificates than this one, which is no client's",
    ),
    (
        "onlySomeReasons",
        "no list for some of the reasons: no list is no obstacle",
    ),
    (
        "distributionPoint",
        "no list for this distribution point: no list is no obstacle",
    ),
];

struct Pkits {
    folder: PathBuf,
    cas: Vec<(Vec<u8>, CaCertificate)>,
    lists: Vec<Vec<u8>>,
}

impl Pkits {
    fn read(folder: &Path) -> Self {
        let files = |of: &str| {
            let mut paths: Vec<_> = fs::read_dir(folder.join(of))
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .collect();
            paths.sort();
            paths
        };
        let is_ca = |path: &PathBuf| !path.to_string_lossy().ends_with("EE.crt");
        let cas = files("certs").into_iter().filter(is_ca);
        let cas = cas.map(|path| fs::read(path).unwrap());
        let read = |der: Vec<u8>| Some((der.clone(), CaCertificate::from_der(&der).ok()?));
        Self {
            cas: cas.filter_map(read).collect(),
            lists: files("crls")
                .iter()
                .map(|path| fs::read(path).unwrap())
                .collect(),
            folder: folder.to_owned(),
        }
    }

    fn leaf(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder.join("certs").join(name)).unwrap()
    }

    /// Whether the client is let in, and what was said.
    fn our_verdict(&self, leaf: &PeerCertificate) -> (bool, String) {
        let is_issuer = |ca: &&CaCertificate| ca.name_hash() == leaf.issuer_hash();
        let cas = self.cas.iter().map(|(_, ca)| ca).filter(is_issuer);
        let cas: Vec<_> = cas.cloned().collect();
        let list = RevocationList::new();
        let report = list.load("pkits", &self.lists, &CrlVerifier::new(&cas), NOW);
        let problems = report.problems().iter();
        // A list of another CA's is none of this one's business.
        let problems = problems.filter(|problem| {
            *problem.error() != CrlError::UnknownIssuer && problem.issuer().is_some()
        });
        let said: Vec<_> = problems.clone().map(|p| p.error().to_string()).collect();
        let is_lost = problems.clone().any(|problem| problem.is_loss());
        match list.status(leaf, NOW) {
            RevocationStatus::Good if !is_lost => (true, said.join("; ")),
            RevocationStatus::Good => (false, said.join("; ")),
            status => (false, format!("{status:?}")),
        }
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = Base64::encode_string(der);
    let lines: Vec<_> = text
        .as_bytes()
        .chunks(64)
        .map(String::from_utf8_lossy)
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

/// Whether OpenSSL accepts the client, and what it says if not.
fn openssl(arguments: &[&str]) -> (bool, String) {
    let output = Command::new("openssl").args(arguments).output();
    let output = output.expect("openssl is installed: apt-get install openssl");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    let error = text.lines().find(|line| line.starts_with("error"));
    (
        output.status.success(),
        error.unwrap_or_default().to_owned(),
    )
}

fn section(name: &str) -> Option<&'static str> {
    let test = name
        .trim_start_matches("Valid")
        .trim_start_matches("Invalid");
    let is_in = |names: &[&str]| names.iter().any(|part| test.contains(part));
    let found = SECTIONS.iter().find(|(_, names)| is_in(names));
    found.map(|(section, _)| *section)
}

#[test]
#[ignore = "needs the data: just corpus"]
fn verdicts_on_public_test_data_differ_only_where_it_is_meant() {
    let corpus = std::env::var("CERTSESSION_CORPUS").expect("just corpus sets it");
    let x509 = Path::new(&corpus).join("cryptography_vectors/x509");
    let pkits = Pkits::read(&x509.join("PKITS_data"));
    let scratch = Path::new(&corpus).join("scratch");
    fs::create_dir_all(&scratch).unwrap();
    let write = |name: &str, contents: String| {
        let path = scratch.join(name);
        fs::write(&path, contents).unwrap();
        path.to_string_lossy().into_owned()
    };
    let untrusted: String = pkits
        .cas
        .iter()
        .map(|(der, _)| pem("CERTIFICATE", der))
        .collect();
    let untrusted = write("untrusted.pem", untrusted);
    let lists = pkits.lists.iter().map(|der| pem("X509 CRL", der)).collect();
    let lists = write("crls.pem", lists);
    let root = fs::read(pkits.folder.join("certs/TrustAnchorRootCertificate.crt")).unwrap();
    let root = write("root.pem", pem("CERTIFICATE", &root));
    let at = (NOW.as_millis() / 1000).to_string();

    let mut names: Vec<_> = fs::read_dir(pkits.folder.join("certs"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with("EE.crt") && section(name).is_some())
        .collect();
    names.sort();
    let mut counts: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    let mut unexplained = Vec::new();
    println!("| section | test | PKITS | certsession | OpenSSL | judgement |");
    println!("|---|---|---|---|---|---|");
    for name in &names {
        let leaf = pkits.leaf(name);
        let expected = name.starts_with("Valid");
        let (ours, said) = match PeerCertificate::from_der(&leaf) {
            Ok(leaf) => pkits.our_verdict(&leaf),
            Err(error) => (false, error.to_string()),
        };
        let leaf = write("leaf.pem", pem("CERTIFICATE", &leaf));
        let (theirs, error) = openssl(&[
            "verify",
            "-CAfile",
            &root,
            "-untrusted",
            &untrusted,
            "-CRLfile",
            &lists,
            "-crl_check",
            "-extended_crl",
            "-use_deltas",
            "-attime",
            &at,
            &leaf,
        ]);
        let section = section(name).unwrap_or_default();
        let count = counts.entry(section).or_default();
        count[0] += 1;
        count[1] += usize::from(ours != expected);
        count[2] += usize::from(ours != theirs);
        if ours == expected && ours == theirs {
            continue;
        }
        let judgement = match ours == expected {
            true => "as PKITS has it",
            false => match JUDGEMENTS.iter().find(|(test, _)| name.contains(test)) {
                Some((_, judgement)) => judgement,
                None => {
                    unexplained.push(name.clone());
                    "NOT EXPLAINED"
                }
            },
        };
        let word = |is_in: bool| if is_in { "in" } else { "refused" };
        println!(
            "| {section} | {} | {} | {} {said} | {} {error} | {judgement} |",
            name.trim_end_matches("EE.crt"),
            word(expected),
            word(ours),
            word(theirs),
        );
    }
    for (section, [tests, from_pkits, from_openssl]) in &counts {
        println!(
            "{section}: {tests} tests, {from_pkits} differ from PKITS, {from_openssl} from OpenSSL"
        );
    }
    judge_custom_lists(&x509.join("custom"));
    assert_eq!(unexplained, [""; 0], "differences that no one has judged");
}

/// Odd lists: what cannot be read is malformed, and nothing panics.
fn judge_custom_lists(folder: &Path) {
    println!("\n| list | certsession | OpenSSL reads it |\n|---|---|---|");
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let (is_der, is_pem) = (name.ends_with(".der"), name.ends_with(".pem"));
        if !name.contains("crl") || !(is_der || is_pem) {
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let der = match is_der {
            true => bytes,
            false => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let Some((_, rest)) = text.split_once("-----BEGIN X509 CRL-----") else {
                    continue;
                };
                let Some((body, _)) = rest.split_once("-----END") else {
                    continue;
                };
                let body: String = body.split_whitespace().collect();
                Base64::decode_vec(&body).unwrap()
            }
        };
        let ours = CrlVerifier::new(&[]).verify(&der, OnOverdueCrl::Warn, NOW);
        let ours = match ours {
            Err(CrlError::UnknownIssuer) => "read".to_owned(),
            other => other.map_or_else(|error| error.to_string(), |_| "accepted".to_owned()),
        };
        let form = if is_der { "DER" } else { "PEM" };
        let path = path.to_string_lossy();
        let (theirs, _) = openssl(&["crl", "-inform", form, "-in", &path, "-noout"]);
        println!("| {name} | {ours} | {theirs} |");
    }
}
