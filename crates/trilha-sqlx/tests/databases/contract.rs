//! What every adapter promises, on each database: a query goes out, and its comment is the carrier.

use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use tempfile::TempDir;
use trilha_core::{CarrierKind, Handle};
use trilha_sqlx::{Comments, MySqlPool, PgPool, SqlitePool};
use trilha_testing::{
    contract::{Answer, Call, CallError, Outbound, Seen, outbound},
    server,
};

use crate::support::comment;

#[tokio::test]
async fn the_contract_holds_on_postgres() {
    let Some(url) = server("TRILHA_TEST_POSTGRES_URL") else { return };
    outbound(&OnPostgres(sqlx::PgPool::connect(&url).await.unwrap())).await;
}

#[tokio::test]
async fn the_contract_holds_on_mysql() {
    let Some(url) = server("TRILHA_TEST_MYSQL_URL") else { return };
    outbound(&OnMySql(sqlx::MySqlPool::connect(&url).await.unwrap())).await;
}

#[tokio::test]
async fn the_contract_holds_on_sqlite() {
    outbound(&OnSqlite::open().await).await;
}

struct OnPostgres(sqlx::PgPool);

impl Outbound for OnPostgres {
    const CARRIER: CarrierKind = CarrierKind::Database;

    async fn call(&self, handle: Handle, call: Call) -> Result<Seen, CallError> {
        let pool = PgPool::new(self.0.clone()).handle(handle).comments(Comments::Sampled);
        let sql = match call.answer {
            Answer::Ok => "select current_query(), $1",
            Answer::Fails => "select 'x', 'x' from nowhere where $1 = ''",
            Answer::Never => "select pg_sleep(60)::text, $1",
        };
        let row = sqlx::query_as(sql).bind(own(&call)).fetch_one(&pool).await;
        row.map(|(text, value): (String, String)| seen(&call, &text, value)).map_err(error)
    }
}

struct OnMySql(sqlx::MySqlPool);

impl Outbound for OnMySql {
    const CARRIER: CarrierKind = CarrierKind::Database;

    async fn call(&self, handle: Handle, call: Call) -> Result<Seen, CallError> {
        let pool = MySqlPool::new(self.0.clone()).handle(handle).comments(Comments::Sampled);
        let sql = match call.answer {
            Answer::Ok => "select info, ? from information_schema.processlist where id = connection_id()",
            Answer::Fails => "select 'x', 'x' from nowhere where ? = ''",
            Answer::Never => "select cast(sleep(60) as char), ?",
        };
        let row = sqlx::query_as(sql).bind(own(&call)).fetch_one(&pool).await;
        row.map(|(text, value): (String, String)| seen(&call, &text, value)).map_err(error)
    }
}

/// The caller's own header goes as a value that is bound.
fn own(call: &Call) -> &str {
    str::from_utf8(&call.headers[0].1).unwrap()
}

/// A query that answers with its own text and with the value that was bound: its comment are the headers
/// of the adapter's, the value is the caller's own.
fn seen(call: &Call, text: &str, value: String) -> Seen {
    let pairs = comment(text).into_iter().flat_map(|comment| comment.split(','));
    let mut seen: Vec<_> = pairs
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(key, value)| (key.to_owned(), value.trim_matches('\'').as_bytes().to_vec()))
        .collect();
    seen.push((call.headers[0].0.to_owned(), value.into_bytes()));
    Some(seen)
}

struct OnSqlite {
    pool: sqlx::SqlitePool,
    _folder: TempDir,
}

impl OnSqlite {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new()
            .filename(folder.path().join("orders.db"))
            .create_if_missing(true)
            .busy_timeout(Duration::from_secs(60));
        let pool = SqlitePoolOptions::new().connect_with(options).await.unwrap();
        sqlx::raw_sql("create table orders (id integer)").execute(&pool).await.unwrap();
        Self { pool, _folder: folder }
    }
}

impl Outbound for OnSqlite {
    const CARRIER: CarrierKind = CarrierKind::Database;

    async fn call(&self, handle: Handle, call: Call) -> Result<Seen, CallError> {
        // Who holds the whole database locked keeps a query waiting.
        let _lock = match call.answer {
            Answer::Never => Some(self.pool.begin_with("begin exclusive").await.unwrap()),
            _ => None,
        };
        let sql = match call.answer {
            Answer::Fails => "select * from nowhere",
            _ => "select * from orders",
        };
        let pool = SqlitePool::new(self.pool.clone()).handle(handle);
        sqlx::query(sql).execute(&pool).await.map_err(error)?;
        Ok(None) // SQLite gets no comments
    }
}

/// What the database says, without what sqlx says around it.
fn error(error: sqlx::Error) -> CallError {
    CallError(error.as_database_error().map_or_else(|| error.to_string(), |error| error.message().to_owned()))
}
