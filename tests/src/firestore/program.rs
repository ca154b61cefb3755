//! Where the emulator is installed.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// Names the emulator's file, where it is in none of the usual places.
const VARIABLE: &str = "CERTSESSION_FIRESTORE_EMULATOR";

/// Within the Google Cloud SDK.
const IN_SDK: &str = "platform/cloud-firestore-emulator/cloud-firestore-emulator.jar";

/// Where packages and installers put the SDK.
const SDKS: [&str; 6] = [
    "/usr/lib/google-cloud-sdk",
    "/usr/share/google-cloud-sdk",
    "/usr/local/google-cloud-sdk",
    "/opt/google-cloud-sdk",
    "/snap/google-cloud-cli/current",
    "/opt/homebrew/share/google-cloud-sdk",
];

const HOW_TO_GET_IT: &str = "\
the Firestore emulator is missing: cloud-firestore-emulator.jar, a part of the Google Cloud SDK. \
Install it with `gcloud components install cloud-firestore-emulator`, or on Debian with \
`apt-get install google-cloud-cli-firestore-emulator` from Google's package repository \
(https://cloud.google.com/sdk/docs/install), or set CERTSESSION_FIRESTORE_EMULATOR to the file";

const NO_JAVA: &str = "\
java is missing: the Firestore emulator runs on Java 17 or newer (apt-get install \
openjdk-17-jre-headless)";

/// The main class of the emulator.
const MAIN_CLASS: &str = "com.google.cloud.datastore.emulator.firestore.CloudFirestore";

/// The program that runs the emulator on this loopback port, and its arguments.
///
/// # Panics
///
/// If it is not installed: it says how to get it.
pub(super) fn command(port: u16) -> (PathBuf, Vec<String>) {
    let java = on_path("java").expect(NO_JAVA);
    let jar = jar().expect(HOW_TO_GET_IT);
    let arguments = [
        // What a short test costs is mostly the compiler's work.
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        "-Xmx1g",
        "-cp",
        jar.to_str().expect("a path in UTF-8"),
        MAIN_CLASS,
        "start",
        "--host=127.0.0.1",
        &format!("--port={port}"),
    ];
    (java, arguments.map(str::to_owned).to_vec())
}

fn jar() -> Option<PathBuf> {
    if let Some(named) = env::var_os(VARIABLE) {
        let named = PathBuf::from(named);
        assert!(
            named.is_file(),
            "{VARIABLE} names no file: {}",
            named.display()
        );
        return Some(named);
    }
    let home = env::var_os("HOME").map(PathBuf::from);
    let of_gcloud = on_path("gcloud").and_then(|gcloud| {
        let gcloud = fs::canonicalize(gcloud).ok()?;
        Some(gcloud.parent()?.parent()?.to_owned())
    });
    let of_home = home.as_ref().map(|home| home.join("google-cloud-sdk"));
    let usual = SDKS.iter().map(PathBuf::from);
    let mut jars = usual
        .chain(of_gcloud)
        .chain(of_home)
        .map(|sdk| sdk.join(IN_SDK));
    jars.find(|jar| jar.is_file())
        .or_else(|| of_firebase(&home?.join(".cache/firebase/emulators")))
}

/// The one that Firebase's tools have fetched; the newest, by its name.
fn of_firebase(folder: &Path) -> Option<PathBuf> {
    let files = fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()));
    let is_one = |path: &PathBuf| {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        name.starts_with("cloud-firestore-emulator") && name.ends_with(".jar")
    };
    files.filter(is_one).max()
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let mut places = env::split_paths(&path).map(|folder| folder.join(name));
    places.find(|place| place.is_file())
}
