//! What the server says to a connection.

use std::convert::Infallible;
use std::sync::Arc;

use redis::{PushInfo, PushKind, Value};

use super::Cache;

/// Hears what the server says to the connection of these copies, in the order of its answers: it is
/// called by whatever reads them.
pub(crate) fn listener(
    cache: Arc<Cache>,
) -> impl Fn(PushInfo) -> Result<(), Infallible> + Send + Sync + 'static {
    move |said| {
        match said.kind {
            PushKind::Invalidate => invalidate(&cache, said.data),
            PushKind::Disconnection => cache.close(),
            _ => {}
        }
        Ok(())
    }
}

fn invalidate(cache: &Cache, data: Vec<Value>) {
    let [Value::Array(keys)] = &data[..] else {
        // Without keys: all of them, as the server has been emptied.
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
