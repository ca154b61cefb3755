//! Stores that the test and its server share.

use std::cell::RefCell;
use std::sync::Arc;

use certsession_core::test_util::SampleRecord;
use certsession_core::{Binding, Creation, MemoryStore, SessionStore};
use certsession_redis::RedisStore;
use certsession_tests::stores::StoreKind;
use futures_util::stream::{self, StreamExt};

/// Defines a kind of store that the test opens, and its server takes from here. Both run on the
/// test's thread, until the server has started.
macro_rules! shared {
    ($($name:ident: $store:ty, $slot:ident;)*) => {$(
        thread_local! {
            static $slot: RefCell<Option<Arc<$store>>> = const { RefCell::new(None) };
        }

        pub(crate) struct $name;

        impl $name {
            pub(crate) fn set(store: &Arc<$store>) {
                $slot.set(Some(Arc::clone(store)));
            }
        }

        impl StoreKind for $name {
            type Store = Arc<$store>;

            async fn open(_: Option<usize>) -> Self::Store {
                $slot.with_borrow(|store| store.clone()).unwrap()
            }

            fn portal_flag() -> String {
                unreachable!("the server is in this process")
            }
        }
    )*};
}

shared! {
    SharedMemory: MemoryStore, MEMORY;
    SharedRedis: RedisStore, REDIS;
}

/// Logs as a server in production does, to nowhere: every line at TRACE would be what is measured.
pub(crate) fn log_to_nowhere() {
    let _ = tracing_subscriber::fmt()
        .with_env_filter("info")
        .with_writer(std::io::sink)
        .try_init();
}

/// Creates sessions that are bound to a certificate, each with so many bytes of data.
pub(crate) async fn fill(
    store: &impl SessionStore,
    binding: &Arc<Binding>,
    principal: Option<&str>,
    count: u32,
    bytes: usize,
) {
    let data = format!("\"{}\"", "x".repeat(bytes));
    let creations = (0..count).map(|number| {
        let sample = SampleRecord::new(number).bound_to(binding);
        let sample = sample.insert("data", &data);
        let record = match principal {
            Some(principal) => sample.principal(principal),
            None => sample,
        };
        let record = record.build();
        async move {
            let now = record.created_at();
            let created = store.create(record, None, now).await.unwrap();
            assert_eq!(created, Creation::Created { evicted: vec![] });
        }
    });
    stream::iter(creations)
        .buffer_unordered(64)
        .collect::<()>()
        .await;
}
