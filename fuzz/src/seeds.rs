//! Where fuzzing begins.

use std::fs;
use std::path::PathBuf;

/// Puts inputs into the folder that libFuzzer is about to read, if one is given on its
/// command line: it finds the depths of a certificate sooner when it begins with a real one.
///
/// They are made at each start, and not kept in the repository, as certificates expire.
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
