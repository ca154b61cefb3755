//! Push messages from the server.

use std::convert::Infallible;
use std::sync::Arc;

use redis::{PushInfo, PushKind, Value};

use super::Cache;

/// Returns a handler for the push messages of one connection, whose copies `cache` holds. The task
/// that reads the connection calls it, so messages are processed in order with the replies.
pub(crate) fn listener(
    cache: Arc<Cache>,
) -> impl Fn(PushInfo) -> Result<(), Infallible> + Send + Sync + 'static {
    move |push| {
        match push.kind {
            PushKind::Invalidate => invalidate(&cache, push.data),
            PushKind::Disconnection => cache.close(),
            _ => {}
        }
        Ok(())
    }
}

fn invalidate(cache: &Cache, data: Vec<Value>) {
    let [Value::Array(keys)] = &data[..] else {
        // No keys means all keys: the server has been emptied.
        return cache.clear();
    };
    for key in keys {
        match key {
            Value::BulkString(key) => {
                if let Some(handle) = cache.keys.handle(key) {
                    cache.forget(handle);
                }
            }
            _ => cache.clear(),
        }
    }
}
