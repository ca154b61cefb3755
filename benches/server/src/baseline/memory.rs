//! 64 maps, each with a lock.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::App;

use super::middleware::Baseline;
use super::record::{Handle, Record};
use super::{Store, routes};
use crate::host::run;
use crate::{Fault, Setup};

const SHARDS: usize = 64;

type Shard = Mutex<HashMap<Handle, Arc<Record>>>;

#[derive(Clone)]
struct Memory(Arc<[Shard]>);

pub(crate) async fn serve(setup: Setup<'_>) -> Result<(), Fault> {
    let store = Memory((0..SHARDS).map(|_| Shard::default()).collect());
    let application = move || {
        App::new()
            .wrap(Baseline(Rc::new(store.clone())))
            .configure(routes)
    };
    run!(setup, application)
}

impl Memory {
    fn shard(&self, handle: &Handle) -> MutexGuard<'_, HashMap<Handle, Arc<Record>>> {
        let shard = &self.0[usize::from(handle[0]) % SHARDS];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Memory {
    async fn load(&self, handle: &Handle) -> Result<Option<Arc<Record>>, Fault> {
        Ok(self.shard(handle).get(handle).map(Arc::clone))
    }

    async fn save(&self, handle: Handle, record: Record) -> Result<(), Fault> {
        self.shard(&handle).insert(handle, Arc::new(record));
        Ok(())
    }
}
