//! One GET for a read, and one additional SET for a write.

use std::rc::Rc;
use std::sync::Arc;

use actix_web::App;
use redis::aio::{ConnectionLike, ConnectionManager, MultiplexedConnection};
use redis::{Client, cmd};
use tokio::sync::OnceCell;

use super::middleware::Baseline;
use super::record::{Handle, Record};
use super::{Store, routes};
use crate::candidate::Candidate;
use crate::host::run;
use crate::{Fault, Setup};

/// Half an hour, in seconds.
const LIFETIME: u32 = 30 * 60;

/// A connection of each worker, or one that was created in `main`.
enum Redis<C> {
    Own(Box<Client>, OnceCell<C>),
    Shared(C),
}

pub(crate) async fn serve(candidate: Candidate, setup: Setup<'_>) -> Result<(), Fault> {
    let client = Client::open(setup.database()?)?;
    match candidate {
        Candidate::BaselineRedisShared => {
            let made = client.get_multiplexed_async_connection().await?;
            with(move || Redis::Shared(made.clone()), setup).await
        }
        Candidate::BaselineRedisManager => {
            let made = ConnectionManager::new(client).await?;
            with(move || Redis::Shared(made.clone()), setup).await
        }
        _ => {
            let own =
                move || Redis::<MultiplexedConnection>::Own(client.clone().into(), OnceCell::new());
            with(own, setup).await
        }
    }
}

async fn with<C>(
    store: impl Fn() -> Redis<C> + Clone + Send + 'static,
    setup: Setup<'_>,
) -> Result<(), Fault>
where
    Redis<C>: Store,
{
    let application = move || {
        App::new()
            .wrap(Baseline(Rc::new(store())))
            .configure(routes)
    };
    run!(setup, application)
}

impl Store for Redis<MultiplexedConnection> {
    async fn load(&self, handle: &Handle) -> Result<Option<Arc<Record>>, Fault> {
        load(self.connection().await?, handle).await
    }

    async fn save(&self, handle: Handle, record: Record) -> Result<(), Fault> {
        save(self.connection().await?, handle, record).await
    }
}

impl Store for Redis<ConnectionManager> {
    async fn load(&self, handle: &Handle) -> Result<Option<Arc<Record>>, Fault> {
        load(self.shared()?, handle).await
    }

    async fn save(&self, handle: Handle, record: Record) -> Result<(), Fault> {
        save(self.shared()?, handle, record).await
    }
}

impl Redis<MultiplexedConnection> {
    async fn connection(&self) -> Result<MultiplexedConnection, Fault> {
        match self {
            Self::Shared(connection) => Ok(connection.clone()),
            Self::Own(client, own) => {
                let connect = || client.get_multiplexed_async_connection();
                Ok(own.get_or_try_init(connect).await?.clone())
            }
        }
    }
}

impl Redis<ConnectionManager> {
    fn shared(&self) -> Result<ConnectionManager, Fault> {
        match self {
            Self::Shared(manager) => Ok(manager.clone()),
            Self::Own(..) => Err("a manager is made in `main`".into()),
        }
    }
}

async fn load(
    mut over: impl ConnectionLike,
    handle: &Handle,
) -> Result<Option<Arc<Record>>, Fault> {
    let bytes: Option<Vec<u8>> = cmd("GET").arg(handle).query_async(&mut over).await?;
    Ok(bytes.and_then(|bytes| Record::decode(&bytes)).map(Arc::new))
}

async fn save(mut over: impl ConnectionLike, handle: Handle, record: Record) -> Result<(), Fault> {
    let mut set = cmd("SET");
    set.arg(&handle)
        .arg(record.encode())
        .arg("EX")
        .arg(LIFETIME);
    Ok(set.query_async(&mut over).await?)
}
