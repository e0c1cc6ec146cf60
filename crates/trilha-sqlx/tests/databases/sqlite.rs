//! SQLite: every way to run a query, and what the spans say.

use futures_util::{StreamExt, TryStreamExt};
use sqlx::{Either, Execute, Executor, FromRow, QueryBuilder, Row, SqlSafeStr, Sqlite, Statement};
use trilha_core::Handle;
use trilha_sqlx::{Acquire, SqliteConnection, SqlitePool};
use trilha_testing::Fixture;

use crate::support::{names, operation, trace_of};

/// A database of its own, with a table and two orders.
async fn database() -> (SqlitePool, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/orders.db?mode=rwc", folder.path().display());
    let pool = SqlitePool::connect(&url).await.unwrap();
    let set_up = "create table orders (id integer primary key, buyer text unique);
        insert into orders values (1, 'ana'), (2, 'rui')";
    pool.untraced().execute(set_up).await.unwrap();
    (pool, folder)
}

#[derive(Debug, FromRow, PartialEq)]
struct Order {
    id: i64,
    buyer: String,
}

#[tokio::test]
async fn every_way_to_run_a_query_is_one_span() {
    let (pool, _folder) = database().await;
    let fixture = Fixture::start("orders");
    let sql = "select id, buyer from orders where id <= $1 order by id";
    let ((), trace) = trace_of(&fixture, async {
        let query = || sqlx::query(sql).bind(2);
        assert_eq!(query().execute(&pool).await.unwrap().rows_affected(), 0);
        assert_eq!(query().fetch_all(&pool).await.unwrap().len(), 2);
        assert_eq!(query().fetch(&pool).count().await, 2);
        assert_eq!(query().fetch_one(&pool).await.unwrap().get::<i64, _>("id"), 1);
        assert!(query().fetch_optional(&pool).await.unwrap().is_some());
        let map = query().map(|row: sqlx::sqlite::SqliteRow| row.get::<String, _>("buyer"));
        assert_eq!(map.fetch_all(&pool).await.unwrap(), ["ana", "rui"]);
        let orders: Vec<Order> = sqlx::query_as(sql).bind(1).fetch_all(&pool).await.unwrap();
        assert_eq!(orders, [Order { id: 1, buyer: "ana".into() }]);
        assert_eq!(sqlx::query_scalar::<_, i64>(sql).bind(2).fetch_one(&pool).await.unwrap(), 1);
        let mut builder = QueryBuilder::<Sqlite>::new("select id from orders where id in (");
        builder.separated(", ").push_bind(1).push_bind(2);
        builder.push(")");
        assert_eq!(builder.build().fetch_all(&pool).await.unwrap().len(), 2);
        assert_eq!(
            sqlx::raw_sql("select 1 from orders; select 2 from orders").fetch_all(&pool).await.unwrap().len(),
            4
        );
        let many: Vec<_> = pool.fetch_many("select 1 from orders").try_collect().await.unwrap();
        assert!(matches!(many[..], [Either::Right(_), Either::Right(_), Either::Left(_)]));
        assert_eq!(pool.execute_many("select 1 from orders").count().await, 1);
        assert_eq!(pool.execute("delete from orders where false").await.unwrap().rows_affected(), 0);
    })
    .await;
    let mut expected = vec!["select orders"; 9];
    expected.extend(["select orders select orders", "select orders", "select orders", "delete orders"]);
    assert_eq!(names(&trace), expected);
    trace.root().is_root();
    for span in trace.root().children() {
        span.is_ok().is_within(&trace.root());
    }
}

#[tokio::test]
async fn a_span_says_what_the_query_does() {
    let (pool, _folder) = database().await;
    let fixture = Fixture::start("orders");
    let (_, trace) = trace_of(&fixture, async {
        sqlx::query("select * from orders where id = $1").bind(1).fetch_all(&pool).await.unwrap()
    })
    .await;
    trace
        .span("select orders")
        .is_child_of("work")
        .has_kind(trilha_core::SpanKind::Client)
        .is_ok()
        .has("db.system.name", "sqlite")
        .has("db.namespace", "orders.db")
        .has("db.operation.name", "select")
        .has("db.collection.name", "orders")
        .has("db.query.summary", "select orders")
        .has("db.query.text", "select * from orders where id = $1")
        .has("db.response.returned_rows", 1)
        .lacks("server.address");
}

#[tokio::test]
async fn no_value_of_a_query_leaves_the_process() {
    let (pool, _folder) = database().await;
    let fixture = Fixture::start("orders");
    let ((), trace) = trace_of(&fixture, async {
        sqlx::query("insert into orders (buyer) values ($1)").bind("canary").execute(&pool).await.unwrap();
        let literal = "insert into orders (buyer) values ('a canary') -- canary";
        sqlx::query(literal).execute(&pool).await.unwrap();
        sqlx::raw_sql("update orders set buyer = \"canaries\" where id = 1").execute(&pool).await.unwrap();
        let duplicate = sqlx::query("insert into orders (buyer) values ('canaries')").execute(&pool).await;
        assert!(duplicate.unwrap_err().to_string().contains("orders.buyer"));
        pool.execute("canary").await.unwrap_err();
    })
    .await;
    trace.lacks_text("canaries").lacks_text("'").lacks_text("orders.buyer");
    let queries = trace.root().children();
    let texts: Vec<_> = queries.iter().map(|span| span.str("db.query.text")).collect();
    assert_eq!(texts[0], Some("insert into orders (buyer) values ($1)"));
    assert_eq!(texts[1], Some("insert into orders (buyer) values (?)  "));
    assert_eq!(texts[2], Some("update orders set buyer = ? where id = ?"));
    assert_eq!(queries[4].name, "orders.db", "a text that is no query is no name");
    assert_eq!(queries[4].str("db.operation.name"), None);
}

#[tokio::test]
async fn an_error_is_known_by_its_code_or_its_variant() {
    let (pool, _folder) = database().await;
    let fixture = Fixture::start("orders");
    let ((), trace) = trace_of(&fixture, async {
        sqlx::query("insert into orders values (3, $1)").bind("ana").execute(&pool).await.unwrap_err();
        sqlx::query("select from from").fetch_all(&pool).await.unwrap_err();
        let none = sqlx::query("select * from orders where id = 7").fetch_one(&pool).await;
        assert!(matches!(none, Err(sqlx::Error::RowNotFound)));
        pool.close().await;
        sqlx::query("delete from orders").execute(&pool).await.unwrap_err();
        sqlx::query("update orders set id = 1").fetch_optional(&pool).await.unwrap_err();
        pool.begin().await.unwrap_err();
    })
    .await;
    trace.span("insert orders").is_error("2067").has("db.response.status_code", "2067");
    trace.span("select from").is_error("1");
    trace.span("select orders").is_ok().has("db.response.returned_rows", 0);
    for name in ["delete orders", "update orders", "BEGIN"] {
        trace.span(name).is_error("PoolClosed").lacks("db.response.status_code");
    }
}

#[tokio::test]
async fn a_stream_lasts_until_its_last_row() {
    let (pool, _folder) = database().await;
    let fixture = Fixture::start("orders");
    let ((), trace) = trace_of(&fixture, async {
        let mut rows = sqlx::query("select * from orders").fetch(&pool);
        while let Some(row) = rows.try_next().await.unwrap() {
            assert!(row.get::<i64, _>(0) > 0);
            assert_eq!(fixture.handle().span_counts().open, 2, "the query runs while its rows are read");
        }
        assert_eq!(fixture.handle().span_counts().open, 1);
    })
    .await;
    trace.span("select orders").is_ok().has("db.response.returned_rows", 2);
}

#[tokio::test]
async fn a_stream_that_is_dropped_is_cancelled_and_one_row_is_enough_by_choice() {
    let (pool, _folder) = database().await;
    let fixture = Fixture::start("orders");
    let ((), trace) = trace_of(&fixture, async {
        let mut rows = sqlx::query("select id from orders").fetch(&pool);
        rows.try_next().await.unwrap().unwrap();
        drop(rows);
        sqlx::query("select buyer from orders").fetch_one(&pool).await.unwrap();
        sqlx::query("select buyer from orders").fetch_optional(&pool).await.unwrap().unwrap();
    })
    .await;
    let spans = trace.spans_named("select orders");
    spans[0].is_error("cancelled");
    spans[1].is_ok().has("db.response.returned_rows", 1);
    spans[2].is_ok().has("db.response.returned_rows", 1);
}

#[tokio::test]
async fn a_query_hangs_where_it_was_asked_for() {
    let (pool, _folder) = database().await;
    let fixture = Fixture::start("orders");
    let ((), trace) = trace_of(&fixture, async {
        let mut asked = operation(fixture.handle(), "asked", None);
        let rows = asked.enter(|| sqlx::query("select * from orders").fetch(&pool));
        asked.finish(trilha_core::Outcome::Ok);
        assert_eq!(rows.count().await, 2);
    })
    .await;
    trace.span("select orders").is_child_of("asked");
}

#[tokio::test]
async fn a_transaction_leads_to_our_connection() {
    let (pool, _folder) = database().await;
    let fixture = Fixture::start("orders");
    let ((), trace) = trace_of(&fixture, async {
        let insert = |id: i64| sqlx::query("insert into orders values ($1, $1)").bind(id);
        let mut outer = pool.begin().await.unwrap();
        insert(3).execute(&mut *outer).await.unwrap();
        assert!(outer.is_in_transaction());

        let mut inner = outer.begin().await.unwrap();
        insert(4).execute(&mut *inner).await.unwrap();
        inner.rollback().await.unwrap();

        let mut inner = outer.begin().await.unwrap();
        insert(5).execute(&mut *inner).await.unwrap();
        inner.commit().await.unwrap();
        outer.commit().await.unwrap();

        let mut dropped = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
        insert(6).execute(&mut *dropped).await.unwrap();
        drop(dropped);

        let mut rolled_back = pool.begin().await.unwrap();
        insert(7).execute(&mut *rolled_back).await.unwrap();
        rolled_back.rollback().await.unwrap();

        let ids: Vec<i64> = sqlx::query_scalar("select id from orders").fetch_all(&pool).await.unwrap();
        assert_eq!(ids, [1, 2, 3, 5]);
    })
    .await;
    let insert = "insert orders";
    assert_eq!(
        names(&trace),
        [
            "BEGIN",
            insert,
            "SAVEPOINT",
            insert,
            "ROLLBACK TO SAVEPOINT",
            "SAVEPOINT",
            insert,
            "RELEASE SAVEPOINT",
            "COMMIT",
            "BEGIN",
            insert,
            "BEGIN",
            insert,
            "ROLLBACK",
            "select orders",
        ]
    );
    for span in trace.root().children() {
        span.is_ok().has("db.system.name", "sqlite");
    }
    trace.spans_named("BEGIN")[1].has("db.operation.name", "BEGIN").has("db.query.text", "BEGIN IMMEDIATE");
}

#[tokio::test]
async fn a_callback_commits_or_rolls_back() {
    let (pool, _folder) = database().await;
    let fixture = Fixture::start("orders");
    let ((), trace) = trace_of(&fixture, async {
        let mut connection = pool.acquire().await.unwrap();
        let delete = |id: i64| sqlx::query("delete from orders where id = $1").bind(id);
        connection
            .transaction(|transaction| Box::pin(async move { delete(1).execute(&mut **transaction).await }))
            .await
            .unwrap();
        let failed: Result<(), _> = connection
            .transaction(|transaction| {
                Box::pin(async move {
                    delete(2).execute(&mut **transaction).await?;
                    Err(sqlx::Error::RowNotFound)
                })
            })
            .await;
        failed.unwrap_err();
        let left: i64 =
            sqlx::query_scalar("select count(*) from orders").fetch_one(&mut *connection).await.unwrap();
        assert_eq!(left, 1);
    })
    .await;
    let delete = "delete orders";
    assert_eq!(names(&trace), ["BEGIN", delete, "COMMIT", "BEGIN", delete, "ROLLBACK", "select orders"]);
}

async fn by_executor(executor: impl Executor<'_, Database = Sqlite>) {
    sqlx::query("select 1 from orders").execute(executor).await.unwrap();
}

async fn by_connection(connection: &mut SqliteConnection) {
    by_executor(&mut *connection).await;
    by_executor(connection).await;
}

async fn by_acquire(from: impl Acquire<Database = Sqlite>) {
    let mut connection = from.acquire().await.unwrap();
    by_executor(&mut *connection).await;
}

#[tokio::test]
async fn functions_over_any_connection_are_traced() {
    let (pool, _folder) = database().await;
    let fixture = Fixture::start("orders");
    let ((), trace) = trace_of(&fixture, async {
        by_executor(&pool).await;
        by_acquire(&pool).await;
        let mut connection = pool.acquire().await.unwrap();
        by_connection(&mut connection).await;
        by_acquire(&mut connection).await;
        by_acquire(&mut *connection).await;
        let mut transaction = connection.begin().await.unwrap();
        by_connection(&mut transaction).await;
        by_acquire(&mut transaction).await;
        transaction.commit().await.unwrap();
        let mut own = SqliteConnection::connect_with(&pool.connect_options()).await.unwrap();
        by_connection(&mut own).await;
        own.close().await.unwrap();
        by_connection(&mut connection.detach()).await;
    })
    .await;
    assert_eq!(names(&trace).iter().filter(|name| **name == "select orders").count(), 13);
}

#[tokio::test]
async fn a_statement_that_was_prepared_is_used_as_it_is() {
    let (pool, _folder) = database().await;
    let fixture = Fixture::start("orders");
    let sql = "select buyer from orders where id = $1";
    let ((), trace) = trace_of(&fixture, async {
        let mut connection = pool.acquire().await.unwrap();
        let statement = connection.prepare(sql.into_sql_str()).await.unwrap();
        assert_eq!(statement.sql().as_str(), sql);
        let query = statement.query().bind(2);
        assert_eq!(Execute::statement(&query).unwrap().sql().as_str(), sql);
        assert_eq!(query.fetch_one(&mut *connection).await.unwrap().get::<String, _>(0), "rui");
        assert_eq!(connection.cached_statements_size(), 1);
        connection.prepare("select from".into_sql_str()).await.unwrap_err();
        pool.describe(sql.into_sql_str()).await.unwrap();
    })
    .await;
    assert_eq!(names(&trace), ["PREPARE", "select orders", "PREPARE"]);
    trace.spans_named("PREPARE")[0].is_ok().has("db.query.text", sql);
    trace.spans_named("PREPARE")[1].is_error("1");
}

#[tokio::test]
async fn only_what_is_named_untraced_leaves_no_span() {
    let (pool, _folder) = database().await;
    let fixture = Fixture::start("orders");
    let ((), trace) = trace_of(&fixture, async {
        pool.untraced().execute("select 1").await.unwrap();
        let mut connection = pool.acquire().await.unwrap();
        connection.untraced().execute("select 1").await.unwrap();
        connection.ping().await.unwrap();
    })
    .await;
    assert!(names(&trace).is_empty());
}

#[tokio::test]
async fn everything_can_be_spawned() {
    let (pool, _folder) = database().await;
    tokio::spawn(async move {
        let mut transaction = pool.begin().await.unwrap();
        by_connection(&mut transaction).await;
        sqlx::query("delete from orders").execute(&mut *transaction).await.unwrap();
        let mut inner = transaction.begin().await.unwrap();
        by_acquire(&mut inner).await;
        inner.rollback().await.unwrap();
        transaction.commit().await.unwrap();
        let mut rows = sqlx::query("select * from orders").fetch(&pool);
        assert!(rows.try_next().await.unwrap().is_none());
        let mut connection = pool.acquire().await.unwrap();
        let callback = connection.transaction(|transaction| {
            Box::pin(async move { sqlx::query("select 1").execute(&mut **transaction).await })
        });
        callback.await.unwrap();
        connection.prepare("select 1".into_sql_str()).await.unwrap();
        connection.close().await.unwrap();
        pool.close().await;
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn queries_work_without_telemetry() {
    let (pool, _folder) = database().await;
    let pool = pool.handle(Handle::disabled());
    let buyers: Vec<String> = sqlx::query_scalar("select buyer from orders").fetch_all(&pool).await.unwrap();
    assert_eq!(buyers, ["ana", "rui"]);
}
