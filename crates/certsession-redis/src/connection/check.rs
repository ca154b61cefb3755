//! Checks of a server before a store uses it.

use redis::{ErrorKind, RedisError, Value, cmd, from_redis_value};

use super::link::Link;
use crate::call::Call;
use crate::error::ConnectError;

/// The oldest version that supports all commands: `ZRANDMEMBER` needs 6.2.
const OLDEST: (u32, u32) = (6, 2);

/// Checks what the server is, and whether it runs the store's scripts on keys like `probe`.
pub(super) async fn check(
    link: &mut Link,
    address: &str,
    wants_cluster: bool,
    probe: &Call,
) -> Result<(), ConnectError> {
    let facts = hello(link, address).await?;
    facts.judge(address, wants_cluster)?;
    let probed = link.send(&probe.command_with_source()).await;
    probed.map_err(|error| ConnectError::of(address, &error))?;
    Ok(())
}

/// `HELLO` returns the facts of a server, and every user may send it. The protocol version stays
/// the same.
async fn hello(link: &mut Link, address: &str) -> Result<Facts, ConnectError> {
    let reply = match link.send(cmd("HELLO").arg(2)).await {
        Ok(reply) => reply,
        // Servers before version 6 do not support the command.
        Err(error) if error.code() == Some("ERR") => return Err(too_old(address, "5 or older")),
        Err(error) => return Err(ConnectError::of(address, &error)),
    };
    Facts::read(reply).map_err(|error| ConnectError::of(address, &error))
}

fn too_old(address: &str, version: &str) -> ConnectError {
    ConnectError::TooOld {
        address: address.to_owned(),
        version: version.to_owned(),
    }
}

/// What a server reports about itself.
#[derive(Debug, Default)]
struct Facts {
    version: String,
    mode: String,
    role: String,
}

impl Facts {
    fn read(reply: Value) -> Result<Self, RedisError> {
        let mut facts = Self::default();
        let mut fields = from_redis_value::<Vec<Value>>(reply)?.into_iter();
        while let (Some(name), Some(value)) = (fields.next(), fields.next()) {
            let field = match from_redis_value::<String>(name)?.as_str() {
                "version" => &mut facts.version,
                "mode" => &mut facts.mode,
                "role" => &mut facts.role,
                _ => continue,
            };
            *field = from_redis_value(value)?;
        }
        if facts.version.is_empty() {
            let what = "it does not report its version";
            return Err((ErrorKind::UnexpectedReturnType, what).into());
        }
        Ok(facts)
    }

    fn judge(&self, address: &str, wants_cluster: bool) -> Result<(), ConnectError> {
        if self.version().is_none_or(|version| version < OLDEST) {
            return Err(too_old(address, &self.version));
        }
        let address = address.to_owned();
        match (wants_cluster, self.mode == "cluster") {
            (true, false) => Err(ConnectError::NotClustered { address }),
            (false, true) => Err(ConnectError::ClusterNode { address }),
            // A cluster client finds the masters by itself.
            (false, false) if self.role != "master" => Err(ConnectError::Replica { address }),
            _ => Ok(()),
        }
    }

    fn version(&self) -> Option<(u32, u32)> {
        let mut numbers = self.version.split('.').map(|number| number.parse().ok());
        Some((numbers.next()??, numbers.next()??))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        let of = |version: &str| Facts {
            version: version.to_owned(),
            ..Facts::default()
        };
        assert!(of("6.2.0").version() >= Some(OLDEST));
        assert!(of("10.0.1").version() >= Some(OLDEST));
        assert!(of("6.0.16").version() < Some(OLDEST));
        assert_eq!(of("unstable").version(), None);
    }
}
