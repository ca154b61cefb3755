//! Whether the servers compare and set by themselves: `SET … IFEQ`, in Valkey since 8.1 and in
//! Redis since 8.4.

use certsession_core::Handle;
use redis::cluster_routing::Slot;
use redis::{RedisError, RedisResult, ToRedisArgs, Value, cmd, from_redis_value};

use super::link::Link;
use crate::call::Call;
use crate::keys::Keys;

/// How many keys are tried to find one for each master of a cluster. If the prefix contains a hash
/// tag, all of them belong to one master, and so do all sessions.
const KEYS_TRIED: u32 = 4_096;

/// Asks the servers, by a command that writes nothing: the condition is never met, because its key
/// does not exist.
pub(super) async fn probe(link: &mut Link, keys: &Keys, is_cluster: bool) -> RedisResult<bool> {
    let handles = match is_cluster {
        true => one_for_each_master(link, keys).await?,
        false => vec![handle(0)],
    };
    for handle in handles {
        let call = Call::plain("SET").arg(keys.session(handle)).arg("x");
        let call = call.arg("IFEQ").arg("y").arg("PX").arg(1);
        match link.send(call.command()).await {
            Ok(Value::Nil) => {}
            // It does not do what it should.
            Ok(_) => return Ok(false),
            Err(error) if is_unsupported(&error) => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

/// Whether the server has refused the command because it does not know the condition. It has
/// executed nothing then.
pub(super) fn is_unsupported(error: &RedisError) -> bool {
    let has_said = |words: &str| error.detail().is_some_and(|detail| detail.contains(words));
    error.code() == Some("ERR") && has_said("syntax error")
}

/// Handles whose keys belong to different masters, one to each.
async fn one_for_each_master(link: &mut Link, keys: &Keys) -> RedisResult<Vec<Handle>> {
    let slots = link.send(cmd("CLUSTER").arg("SLOTS")).await?;
    let mut ranges = Vec::new();
    for range in from_redis_value::<Vec<Vec<Value>>>(slots)? {
        let [Value::Int(first), Value::Int(last), master, ..] = &range[..] else {
            continue;
        };
        ranges.push((*first..=*last, master.clone()));
    }
    let master_of = |handle| {
        let key = keys.session(handle).to_redis_args().concat();
        let slot = Slot::for_key(key);
        let is_it = |number| u16::try_from(number).ok().and_then(Slot::new) == Some(slot);
        let (_, master) = ranges.iter().find(|(range, _)| range.clone().any(is_it))?;
        Some(master)
    };
    let (mut asked, mut handles) = (Vec::new(), Vec::new());
    let mut masters: Vec<_> = ranges.iter().map(|(_, master)| master).collect();
    masters.dedup();
    for number in 0..KEYS_TRIED {
        let Some(master) = master_of(handle(number)) else {
            continue;
        };
        if !asked.contains(&master) {
            asked.push(master);
            handles.push(handle(number));
        }
        if masters.iter().all(|master| asked.contains(master)) {
            break;
        }
    }
    Ok(handles)
}

/// A handle that no session has: handles are random.
fn handle(number: u32) -> Handle {
    let mut bytes = [0; Handle::LENGTH];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    Handle::from_bytes(bytes)
}
