//! The initial inputs of fuzzing.

use std::fs;
use std::path::PathBuf;

/// Writes inputs into the corpus folder that libFuzzer is about to read, if its command line names
/// one: it explores a certificate deeper and sooner if it begins with a real one.
///
/// They are created at each start, and not stored in the repository, because certificates expire.
pub fn plant_seeds<'a>(seeds: impl IntoIterator<Item = (&'a str, Vec<u8>)>) {
    let folder = std::env::args()
        .skip(1)
        .map(PathBuf::from)
        .find(|path| path.is_dir());
    let Some(folder) = folder else {
        return;
    };
    for (name, bytes) in seeds {
        fs::write(folder.join(format!("seed-{name}")), bytes).expect("the corpus can be written");
    }
}
