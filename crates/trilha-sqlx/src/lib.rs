//! A sqlx pool, connection and transaction whose queries are traced and commented.
//!
//! Wrap the pool, and keep writing sqlx: each query, and the beginning and end of each transaction, is
//! a client span and a value of `db.client.operation.duration`.
//!
//! ```
//! # #[cfg(feature = "sqlite")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> sqlx::Result<()> {
//! use trilha_sqlx::SqlitePool;
//!
//! let pool = SqlitePool::connect("sqlite::memory:").await?; // or `SqlitePool::new(pool_of_sqlx)`
//!
//! let mut transaction = pool.begin().await?;
//! sqlx::query("create table orders (total integer)").execute(&mut *transaction).await?;
//! sqlx::query("insert into orders values ($1)").bind(42).execute(&mut *transaction).await?;
//! transaction.commit().await?;
//!
//! let total: i64 = sqlx::query_scalar("select sum(total) from orders").fetch_one(&pool).await?;
//! assert_eq!(total, 42);
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "sqlite"))]
//! # fn main() {}
//! ```
//!
//! # What a span says
//! Its name is the query's summary, such as `select orders`. Its attributes are those of the
//! [semantic conventions for databases 1.37](https://github.com/open-telemetry/semantic-conventions/blob/v1.37.0/docs/database/database-spans.md):
//!
//! | attribute | value | also on the metric |
//! |---|---|---|
//! | `db.system.name` | by the driver, or [`system_name`](Pool::system_name) | yes |
//! | `db.namespace` | the database that the connection was opened with; of SQLite the file's name | yes |
//! | `db.operation.name` | the statement's keyword, as it is written, if it is one that we know | yes |
//! | `db.collection.name` | the table, as it is written, if there is only one | yes |
//! | `server.address`, `server.port` | of the connection options; the path of a socket has no port | yes |
//! | `db.query.summary` | operations and tables, in at most 255 bytes | |
//! | `db.query.text` | at most 4 KiB of it. With parameters as it is; without, its literals are `?` and its comments gone | |
//! | `db.response.returned_rows` | how many rows were read | |
//! | `db.response.status_code`, `error.type` | of PostgreSQL the SQLSTATE, of MySQL the error's number, of SQLite the extended result code | yes |
//!
//! Of an error that the database did not send, `error.type` is the name of [`sqlx::Error`]'s variant,
//! such as `PoolTimedOut`. No error's message and no parameter is recorded. A text with parameters and
//! literals is recorded with its literals: write values as parameters.
//!
//! # When a span ends
//! When the last row was read. A future or a stream that is dropped before has the `error.type`
//! `cancelled`, also where the program has seen enough; `fetch_one` and `fetch_optional` have seen
//! enough by definition, and are not cancelled.
//!
//! # What this crate does not do
//! - It does not trace the wait for a connection, `ping`, `close`, nor what sqlx does by itself:
//!   connecting, testing a connection, the rollback of a transaction that was dropped.
//! - It never goes around a span in silence: `&mut *transaction` leads to our [`Connection`], and only
//!   [`untraced`](Connection::untraced) to sqlx's.
//! - sqlx's `Any` driver.
//!
//! # Features
//! | feature | adds |
//! |---|---|
//! | `postgres` | [`PgPool`] and its connection and transaction |
//! | `mysql` | [`MySqlPool`] and its connection and transaction, also for MariaDB |
//! | `sqlite` | [`SqlitePool`] and its connection and transaction |

mod acquire;
mod comment;
mod connection;
mod database;
mod outcome;
mod pool;
mod query;
mod settings;
mod sql;
mod transaction;

use trilha_core::Scope;

pub use crate::{
    acquire::Acquire,
    comment::Comments,
    connection::{Connection, PoolConnection},
    database::Database,
    pool::Pool,
    transaction::Transaction,
};

const SCOPE: Scope = Scope::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));

macro_rules! aliases {
    ($feature:literal, $name:literal, $database:ident, $pool:ident, $connection:ident, $transaction:ident) => {
        #[doc = concat!("A traced pool for ", $name, ".")]
        #[cfg(feature = $feature)]
        pub type $pool = Pool<sqlx::$database>;

        #[doc = concat!("A traced connection to ", $name, ".")]
        #[cfg(feature = $feature)]
        pub type $connection = Connection<sqlx::$database>;

        #[doc = concat!("A traced transaction of ", $name, ".")]
        #[cfg(feature = $feature)]
        pub type $transaction<'c> = Transaction<'c, sqlx::$database>;
    };
}

aliases!("postgres", "PostgreSQL", Postgres, PgPool, PgConnection, PgTransaction);
aliases!("mysql", "MySQL or MariaDB", MySql, MySqlPool, MySqlConnection, MySqlTransaction);
aliases!("sqlite", "SQLite", Sqlite, SqlitePool, SqliteConnection, SqliteTransaction);
