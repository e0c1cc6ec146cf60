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
    type Returned = Mirrored;

    async fn call(&self, handle: Handle, call: Call) -> Result<Mirrored, CallError> {
        let pool = PgPool::new(self.0.clone()).handle(handle).comments(Comments::Sampled);
        let sql = match call.answer {
            Answer::Ok => "select current_query(), $1",
            Answer::Fails => "select 'x', 'x' from nowhere where $1 = ''",
            Answer::Never => "select pg_sleep(60)::text, $1",
        };
        let (name, value) = own(&call);
        let row = sqlx::query_as(sql).bind(value).fetch_one(&pool).await;
        row.map(|(text, value)| Mirrored { text, own: (name, value) }).map_err(error)
    }

    async fn seen(&self, mirrored: Mirrored) -> Seen {
        Some(mirrored.headers())
    }
}

struct OnMySql(sqlx::MySqlPool);

impl Outbound for OnMySql {
    const CARRIER: CarrierKind = CarrierKind::Database;
    type Returned = Mirrored;

    async fn call(&self, handle: Handle, call: Call) -> Result<Mirrored, CallError> {
        let pool = MySqlPool::new(self.0.clone()).handle(handle).comments(Comments::Sampled);
        let sql = match call.answer {
            Answer::Ok => "select info, ? from information_schema.processlist where id = connection_id()",
            Answer::Fails => "select 'x', 'x' from nowhere where ? = ''",
            Answer::Never => "select cast(sleep(60) as char), ?",
        };
        let (name, value) = own(&call);
        let row = sqlx::query_as(sql).bind(value).fetch_one(&pool).await;
        row.map(|(text, value)| Mirrored { text, own: (name, value) }).map_err(error)
    }

    async fn seen(&self, mirrored: Mirrored) -> Seen {
        Some(mirrored.headers())
    }
}

/// What a query answers that shows its own text, and the value that was bound to it: the caller's own
/// header, while its comment holds those of the adapter.
struct Mirrored {
    text: String,
    own: (&'static str, String),
}

fn own(call: &Call) -> (&'static str, &str) {
    let (name, value) = &call.headers[0];
    (name, str::from_utf8(value).unwrap())
}

impl Mirrored {
    fn headers(self) -> Vec<(String, Vec<u8>)> {
        let pairs = comment(&self.text).into_iter().flat_map(|comment| comment.split(','));
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap());
        pairs
            .map(|(key, value)| (key, value.trim_matches('\'')))
            .chain([(self.own.0, self.own.1.as_str())])
            .map(|(key, value)| (key.to_owned(), value.as_bytes().to_vec()))
            .collect()
    }
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
    type Returned = ();

    async fn call(&self, handle: Handle, call: Call) -> Result<(), CallError> {
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
        sqlx::query(sql).execute(&pool).await.map(drop).map_err(error)
    }

    async fn seen(&self, _: ()) -> Seen {
        None // SQLite gets no comments
    }
}

/// What the database says, without what sqlx says around it.
fn error(error: sqlx::Error) -> CallError {
    CallError(error.as_database_error().map_or_else(|| error.to_string(), |error| error.message().to_owned()))
}
