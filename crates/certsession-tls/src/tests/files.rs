//! Every bad file gets an error that names it, the same for both TLS stacks.

use std::fs;
use std::path::PathBuf;

use rcgen::{KeyPair, KeyUsagePurpose};
use tempfile::TempDir;

use super::pki::{Ca, STACKS, expired};
use crate::{ClientAuth, MutualTls, MutualTlsBuilder, MutualTlsError};

/// A folder with a working set of files, of which a test spoils one.
struct Folder {
    dir: TempDir,
    ca: Ca,
}

impl Folder {
    fn new() -> Self {
        let folder = Self {
            dir: tempfile::tempdir().unwrap(),
            ca: Ca::new("ca"),
        };
        let server = folder.ca.server();
        folder.write("ca.pem", folder.ca.pem());
        folder.write("server.pem", server.pem);
        folder.write("server.key", server.key.serialize_pem());
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn builder(&self) -> MutualTlsBuilder {
        MutualTls::builder()
            .server_identity_files(self.path("server.pem"), self.path("server.key"))
            .client_ca_file(self.path("ca.pem"))
    }

    /// The error for `spoiled` with each stack; its text has to name the file, to be the
    /// same for both unless the stack itself speaks in it, and to hold no key.
    fn error(&self, spoiled: &str) -> MutualTlsError {
        let error = error(&self.builder());
        let path = self.path(spoiled);
        assert!(
            error.to_string().contains(path.to_str().unwrap()),
            "{error}"
        );
        let secret = self.read("server.key");
        let secret: Vec<&str> = secret.split_whitespace().filter(|s| s.len() > 40).collect();
        for text in [error.to_string(), format!("{error:?}")] {
            assert!(!secret.iter().any(|secret| text.contains(secret)), "{text}");
        }
        error
    }
}

/// Builds with each stack; the error has to be the same.
fn error(builder: &MutualTlsBuilder) -> MutualTlsError {
    let mut errors: Vec<_> = STACKS
        .iter()
        .map(|(stack, build)| build(builder).expect_err(stack))
        .collect();
    let kind = std::mem::discriminant(&errors[0]);
    let same = errors.iter().all(|e| std::mem::discriminant(e) == kind);
    assert!(same, "{errors:?}");
    errors.remove(0)
}

#[test]
fn a_good_set_of_files_builds() {
    let folder = Folder::new();
    for (stack, build) in STACKS {
        build(&folder.builder()).expect(stack);
    }
}

#[test]
fn certificate_and_key_may_share_a_file_that_starts_with_a_byte_order_mark() {
    let folder = Folder::new();
    let both = format!(
        "\u{feff}{}\r\n{}",
        folder.read("server.key"),
        folder.read("server.pem"),
    );
    folder.write("server.pem", &both);
    folder.write("server.key", &both);
    for (stack, build) in STACKS {
        build(&folder.builder()).expect(stack);
    }
}

#[test]
fn without_a_server_identity_or_a_client_ca_nothing_is_built() {
    let ca = Ca::new("ca");
    let server = ca.server();
    let builder = MutualTls::builder().client_ca_pem(ca.pem());
    assert!(matches!(error(&builder), MutualTlsError::NoServerIdentity));
    let builder = MutualTls::builder().server_identity_pem(server.pem, server.key.serialize_pem());
    assert!(matches!(error(&builder), MutualTlsError::NoClientCa));
}

#[test]
fn a_missing_file_is_named() {
    for name in ["server.pem", "server.key", "ca.pem"] {
        let folder = Folder::new();
        let gone = folder.path("gone");
        let path = |wanted: &str| {
            if wanted == name {
                gone.clone()
            } else {
                folder.path(wanted)
            }
        };
        let builder = MutualTls::builder()
            .server_identity_files(path("server.pem"), path("server.key"))
            .client_ca_file(path("ca.pem"));
        match error(&builder) {
            MutualTlsError::Unreadable { origin, .. } => assert_eq!(origin.path(), Some(&*gone)),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_empty_or_binary_file_is_not_pem() {
    let folder = Folder::new();
    folder.write("ca.pem", "");
    assert!(matches!(
        folder.error("ca.pem"),
        MutualTlsError::NotPem { .. }
    ));
    folder.write("ca.pem", folder.ca.der());
    assert!(matches!(
        folder.error("ca.pem"),
        MutualTlsError::NotPem { .. }
    ));
}

#[test]
fn a_damaged_pem_block_is_an_error_in_every_place() {
    for name in ["server.pem", "server.key", "ca.pem"] {
        let cut_short = |pem: &str| pem[..pem.len() / 2].to_owned();
        let not_base64 = |pem: &str| pem.replacen("M", "!", 1);
        let one_line = |pem: &str| pem.replace(['\r', '\n'], "");
        let escaped = |pem: &str| pem.replace("\r", "").replace('\n', "\\n");
        let damages: [&dyn Fn(&str) -> String; 4] = [&cut_short, &not_base64, &one_line, &escaped];
        for damage in damages {
            let folder = Folder::new();
            let pem = folder.read(name);
            // The key is checked for in the error's text, so it is spoiled in a copy.
            let spoiled = folder.path("spoiled");
            fs::write(&spoiled, damage(&pem)).unwrap();
            let path = |wanted: &str| {
                if wanted == name {
                    spoiled.clone()
                } else {
                    folder.path(wanted)
                }
            };
            let builder = MutualTls::builder()
                .server_identity_files(path("server.pem"), path("server.key"))
                .client_ca_file(path("ca.pem"));
            let error = error(&builder);
            assert!(
                matches!(error, MutualTlsError::DamagedPem { .. }),
                "{error:?}"
            );
            let body = pem.lines().nth(1).unwrap();
            for text in [error.to_string(), format!("{error:?}")] {
                assert!(text.contains("spoiled"), "{text}");
                assert!(!text.contains(&body[..20]), "{text}");
            }
        }
    }
}

#[test]
fn certificate_and_key_in_each_others_place_are_noticed() {
    let folder = Folder::new();
    let (certificate, key) = (folder.read("server.pem"), folder.read("server.key"));
    folder.write("server.pem", &key);
    let error = folder.error("server.pem");
    assert!(
        matches!(error, MutualTlsError::NoCertificate { .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("each other's place"), "{error}");

    folder.write("server.pem", &certificate);
    folder.write("server.key", &certificate);
    let error = folder.error("server.key");
    assert!(
        matches!(error, MutualTlsError::NoPrivateKey { .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("each other's place"), "{error}");

    folder.write("ca.pem", &key);
    folder.write("server.key", &key);
    let error = folder.error("ca.pem");
    assert!(
        matches!(error, MutualTlsError::NoCertificate { .. }),
        "{error:?}"
    );
}

#[test]
fn an_encrypted_key_is_named_as_such_in_both_formats() {
    use openssl::{pkey::PKey, symm::Cipher};

    let folder = Folder::new();
    let key = folder.read("server.key");
    let key = PKey::private_key_from_pem(key.as_bytes()).unwrap();
    let cipher = Cipher::aes_256_cbc();
    let pkcs8 = key
        .private_key_to_pem_pkcs8_passphrase(cipher, b"secret")
        .unwrap();
    let legacy = key.ec_key().unwrap();
    let legacy = legacy
        .private_key_to_pem_passphrase(cipher, b"secret")
        .unwrap();
    for encrypted in [pkcs8, legacy] {
        folder.write("server.key", encrypted);
        let error = folder.error("server.key");
        assert!(
            matches!(error, MutualTlsError::EncryptedKey { .. }),
            "{error:?}"
        );
        assert!(error.to_string().contains("openssl pkey"), "{error}");
    }
}

#[test]
fn all_unencrypted_key_formats_are_taken() {
    use openssl::{pkey::PKey, rsa::Rsa};

    let folder = Folder::new();
    let key = PKey::private_key_from_pem(folder.read("server.key").as_bytes()).unwrap();
    folder.write(
        "server.key",
        key.ec_key().unwrap().private_key_to_pem().unwrap(),
    );
    for (stack, build) in STACKS {
        build(&folder.builder()).expect(stack);
    }
    // PKCS#1 is parsed as well: what is wrong with this one is that it is another key.
    let rsa = Rsa::generate(2048).unwrap().private_key_to_pem().unwrap();
    folder.write("server.key", rsa);
    let error = folder.error("server.key");
    assert!(
        matches!(error, MutualTlsError::KeyMismatch { .. }),
        "{error:?}"
    );
}

#[test]
fn several_keys_are_an_error() {
    let folder = Folder::new();
    let other = KeyPair::generate().unwrap().serialize_pem();
    folder.write("server.key", folder.read("server.key") + &other);
    let error = folder.error("server.key");
    assert!(
        matches!(error, MutualTlsError::SeveralKeys { count: 2, .. }),
        "{error:?}"
    );
}

#[test]
fn a_key_that_belongs_to_another_certificate_is_an_error() {
    let folder = Folder::new();
    folder.write("server.key", KeyPair::generate().unwrap().serialize_pem());
    let error = folder.error("server.key");
    assert!(
        matches!(error, MutualTlsError::KeyMismatch { .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("server.pem"), "{error}");
}

#[test]
fn a_key_block_without_a_key_is_unusable() {
    let folder = Folder::new();
    let junk = "-----BEGIN PRIVATE KEY-----\nMAMCAQA=\n-----END PRIVATE KEY-----\n";
    folder.write("server.key", junk);
    let error = folder.error("server.key");
    assert!(
        matches!(error, MutualTlsError::UnusableKey { .. }),
        "{error:?}"
    );
}

#[test]
fn a_certificate_block_without_a_certificate_is_named_by_its_position() {
    for name in ["server.pem", "ca.pem"] {
        let folder = Folder::new();
        let junk = "-----BEGIN CERTIFICATE-----\nMAMCAQA=\n-----END CERTIFICATE-----\n";
        folder.write(name, folder.read(name) + junk);
        let error = folder.error(name);
        let second = matches!(
            error,
            MutualTlsError::UnparsableCertificate { position: 2, .. }
        );
        assert!(second, "{error:?}");
    }
}

#[test]
fn a_leaf_is_not_taken_for_a_client_ca() {
    let folder = Folder::new();
    folder.write("ca.pem", folder.ca.pem() + &folder.ca.client("alice").pem);
    let error = folder.error("ca.pem");
    assert!(
        matches!(error, MutualTlsError::NotACa { position: 2, .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("alice"), "{error}");
}

#[test]
fn a_ca_that_may_not_sign_certificates_is_not_taken_for_one() {
    let folder = Folder::new();
    let ca = Ca::with("signs nothing", |params| {
        params.key_usages = vec![KeyUsagePurpose::CrlSign];
    });
    folder.write("ca.pem", ca.pem());
    let error = folder.error("ca.pem");
    assert!(matches!(error, MutualTlsError::NotACa { .. }), "{error:?}");
}

#[test]
fn expired_client_cas_alone_are_an_error() {
    let ca = Ca::with("old", expired);
    let error = error(&ca.mutual_tls(ClientAuth::Required));
    assert!(
        matches!(error, MutualTlsError::ClientCasExpired { .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("old"), "{error}");
    assert!(error.to_string().contains("2020"), "{error}");
}

#[test]
fn debug_of_a_builder_shows_no_key() {
    let ca = Ca::new("ca");
    let server = ca.server();
    let key = server.key.serialize_pem();
    let builder = MutualTls::builder().server_identity_pem(server.pem, key.clone());
    let shown = format!("{builder:?}");
    assert!(shown.contains(&format!("{} bytes", key.len())), "{shown}");
    assert!(!shown.contains("BEGIN"), "{shown}");
}
