//! The Redis server that the candidates share.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::Fault;

/// How long the server may take to listen.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server on a socket of its own, which ends when this is dropped. The tests have a more powerful
/// helper, but building it takes longer than counting.
pub(crate) struct Redis {
    process: Child,
    folder: TempDir,
}

impl Redis {
    pub(crate) fn start() -> Result<Self, Fault> {
        let folder = tempfile::tempdir()?;
        let process = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--unixsocket", "redis.sock"])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("redis-server: {error}; apt-get install redis-server"))?;
        let redis = Self { process, folder };
        let began = Instant::now();
        while UnixStream::connect(redis.socket()).is_err() {
            if began.elapsed() > PATIENCE {
                return Err("redis-server does not listen".into());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(redis)
    }

    pub(crate) fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
