//! A port that no other test uses.

use std::collections::hash_map::RandomState;
use std::env;
use std::fs::{self, File};
use std::hash::BuildHasher;
use std::net::TcpListener;

/// Below the range of ports that the system assigns to clients: a client that repeatedly tries to
/// reach a stopped server could be assigned the server's own port, and keep it.
const PORTS: std::ops::Range<u16> = 16_000..32_000;

/// A free loopback port. It is reserved for this test until it is dropped, whether a server runs or
/// not.
pub struct Port {
    number: u16,
    #[allow(dead_code, reason = "the lock ends with it")]
    lock: File,
}

impl Port {
    /// Reserves one.
    ///
    /// # Panics
    ///
    /// If none is free.
    pub fn reserve() -> Self {
        let locks = env::temp_dir().join("certsession-ports");
        fs::create_dir_all(&locks).unwrap();
        let first = RandomState::new().hash_one(0) % PORTS.len() as u64;
        let first = u16::try_from(first).unwrap();
        for number in (0..PORTS.len() as u16).map(|n| n.wrapping_add(first)) {
            let number = PORTS.start + number % PORTS.len() as u16;
            let lock = File::create(locks.join(number.to_string())).unwrap();
            if lock.try_lock().is_ok() && TcpListener::bind(("127.0.0.1", number)).is_ok() {
                return Self { number, lock };
            }
        }
        panic!("no port in {PORTS:?} is free");
    }

    /// Its number.
    pub const fn number(&self) -> u16 {
        self.number
    }
}
