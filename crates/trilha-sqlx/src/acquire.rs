//! "A pool, a connection or a transaction", for functions that take any of them.

use std::{future::Future, ops::DerefMut};

use sqlx::Error;

use crate::{Connection, Database, Pool, PoolConnection, Transaction};

/// What can give a traced connection. Stands in for [`sqlx::Acquire`], which promises sqlx's own
/// connection.
///
/// It has no lifetime, so that a function that takes one can be spawned; a transaction begins on the
/// connection that it gives.
///
/// ```
/// use trilha_sqlx::Acquire;
///
/// # #[cfg(feature = "sqlite")]
/// async fn add(to: impl Acquire<Database = sqlx::Sqlite>) -> sqlx::Result<()> {
///     let mut connection = to.acquire().await?;
///     let mut transaction = connection.begin().await?;
///     sqlx::query("insert into orders default values").execute(&mut *transaction).await?;
///     transaction.commit().await
/// }
/// ```
pub trait Acquire: Send {
    /// The database.
    type Database: Database;

    /// The connection, or a borrow of it.
    type Connection: DerefMut<Target = Connection<Self::Database>> + Send;

    /// Waits for a connection.
    fn acquire(self) -> impl Future<Output = Result<Self::Connection, Error>> + Send;
}

impl<DB: Database> Acquire for &Pool<DB> {
    type Database = DB;
    type Connection = PoolConnection<DB>;

    fn acquire(self) -> impl Future<Output = Result<Self::Connection, Error>> + Send {
        Pool::acquire(self)
    }
}

macro_rules! acquire_itself {
    ($($type:ty),*) => {$(
        impl<'c, DB: Database> Acquire for &'c mut $type {
            type Database = DB;
            type Connection = &'c mut Connection<DB>;

            async fn acquire(self) -> Result<Self::Connection, Error> {
                Ok(self)
            }
        }
    )*};
}

acquire_itself!(Connection<DB>, PoolConnection<DB>, Transaction<'_, DB>);
