//! PostgreSQL: what the server sees of a query, and how a query ends.

use futures_util::future::{Either, join, join_all, select};
use sqlx::{AssertSqlSafe, Executor, Postgres, Row, SqlSafeStr, Statement};
use trilha_core::ContextAttributes;
use trilha_sqlx::{Comments, PgConnection, PgPool, PoolConnection};
use trilha_testing::{Fixture, server};

use crate::support::{UNSAMPLED, comment, names, operation, orders, silent, trace_of};

macro_rules! postgres {
    () => {
        match server("TRILHA_TEST_POSTGRES_URL") {
            Some(url) => url,
            None => return,
        }
    };
}

const MIRROR: &str = "select current_query() where $1 = 1";

/// The text of a query, as the server got it.
pub(crate) async fn mirror(connection: &mut PgConnection) -> String {
    // Built anew each time, as a program may do: it is one statement all the same.
    let sql = AssertSqlSafe(MIRROR.to_owned());
    sqlx::query_scalar(sql).bind(1).fetch_one(connection).await.unwrap()
}

/// The statements that the server keeps for the connection.
pub(crate) async fn prepared(connection: &mut PgConnection) -> Vec<String> {
    let sql = "select statement from pg_prepared_statements where statement like 'select current_query()%'";
    let rows = sqlx::raw_sql(sql).fetch_all(connection.untraced()).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn static_comments_name_the_service_and_stay_prepared() {
    let url = postgres!();
    let fixture = Fixture::start("orders");
    let mut connection = PgConnection::connect(&url).await.unwrap().handle(orders(&fixture));
    for _ in 0..10 {
        assert_eq!(mirror(&mut connection).await, format!("{MIRROR} /*service='orders',zone='Z2'*/"));
    }
    assert_eq!(prepared(&mut connection).await, [format!("{MIRROR} /*service='orders',zone='Z2'*/")]);

    let sql = "select query from pg_stat_activity where pid = pg_backend_pid()";
    let seen: String = sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap();
    assert!(seen.ends_with("/*service='orders',zone='Z2'*/"), "{seen}");
}

#[tokio::test]
async fn sampled_comments_name_the_querys_own_span_and_leave_nothing_prepared() {
    let url = postgres!();
    let fixture = Fixture::start("orders");
    let handle = orders(&fixture);
    let mut connection =
        PgConnection::connect(&url).await.unwrap().handle(handle.clone()).comments(Comments::Sampled);
    let (texts, trace) =
        trace_of(&fixture, async { [mirror(&mut connection).await, mirror(&mut connection).await] }).await;
    let mut expected: Vec<_> = trace
        .spans_named("select")
        .iter()
        .map(|span| {
            let traceparent = format!("00-{}-{}-03", span.trace_id, span.span_id);
            format!("{MIRROR} /*service='orders',traceparent='{traceparent}',zone='Z2'*/")
        })
        .collect();
    expected.sort_by_key(|text| texts.iter().position(|seen| seen == text));
    assert_eq!(texts, expected[..]);
    assert!(prepared(&mut connection).await.is_empty());

    let mut unsampled = operation(&handle, "work", Some(UNSAMPLED));
    for _ in 0..3 {
        let text = unsampled.drive(mirror(&mut connection)).await;
        assert_eq!(comment(&text), Some("service='orders',zone='Z2'"));
    }
    assert_eq!(prepared(&mut connection).await.len(), 1);
}

#[tokio::test]
async fn routes_are_named_by_choice_and_only_so_many() {
    let url = postgres!();
    let fixture = Fixture::start("orders");
    let handle = orders(&fixture);
    let mut connection =
        PgConnection::connect(&url).await.unwrap().handle(handle.clone()).comment_route(true);
    let mut seen = Vec::new();
    for number in (0..20).chain(0..20) {
        let mut work = operation(&handle, "work", None);
        work.attributes().route(format!("/orders/{number}"));
        let text = work.drive(mirror(&mut connection)).await;
        seen.push(comment(&text).unwrap().to_owned());
    }
    assert_eq!(seen[0], "route='%2Forders%2F0',service='orders',zone='Z2'");
    assert_eq!(seen[7], "route='%2Forders%2F7',service='orders',zone='Z2'");
    assert_eq!(seen[8], "service='orders',zone='Z2'");
    assert_eq!(seen[..20], seen[20..]);
    assert_eq!(prepared(&mut connection).await.len(), 9);
}

#[tokio::test]
async fn a_statement_that_was_prepared_stays_as_it_is() {
    let url = postgres!();
    let fixture = Fixture::start("orders");
    for comments in [Comments::Static, Comments::Sampled] {
        let mut connection =
            PgConnection::connect(&url).await.unwrap().handle(orders(&fixture)).comments(comments);
        let statement = connection.prepare(MIRROR.into_sql_str()).await.unwrap();
        for _ in 0..2 {
            let text: String = statement.query_scalar().bind(1).fetch_one(&mut connection).await.unwrap();
            assert_eq!(text, MIRROR);
        }
        assert_eq!(prepared(&mut connection).await, [MIRROR]);
    }
}

#[tokio::test]
async fn comments_can_be_switched_off_for_a_pool_and_for_a_service() {
    let url = postgres!();
    let fixture = Fixture::start("orders");
    for (handle, comments) in [
        (orders(&fixture), Comments::Off),
        (silent(&fixture), Comments::Static),
        (silent(&fixture), Comments::Sampled),
        (trilha_core::Handle::disabled(), Comments::Sampled),
    ] {
        let mut connection = PgConnection::connect(&url).await.unwrap().handle(handle).comments(comments);
        assert_eq!(mirror(&mut connection).await, MIRROR);
        assert_eq!(prepared(&mut connection).await, [MIRROR]);
    }
}

#[tokio::test]
async fn a_span_says_where_the_query_went() {
    let url = postgres!();
    let fixture = Fixture::start("orders");
    let pool = PgPool::connect(&url).await.unwrap();
    let options = pool.connect_options();
    let (_, trace) = trace_of(&fixture, async {
        ContextAttributes::current().tenant("acme");
        sqlx::query("select relname from pg_class limit 3").fetch_all(&pool).await.unwrap()
    })
    .await;
    trace
        .span("select pg_class")
        .is_child_of("work")
        .has("db.system.name", "postgresql")
        .has("db.namespace", options.get_database().unwrap())
        .has("server.address", options.get_host())
        .has("server.port", i64::from(options.get_port()))
        .has("db.query.text", "select relname from pg_class limit ?")
        .has("db.response.returned_rows", 3)
        .has("tenant", "acme");
}

#[tokio::test]
async fn an_error_is_known_by_its_sqlstate() {
    let url = postgres!();
    let fixture = Fixture::start("orders");
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let ((), trace) = trace_of(&fixture, async {
        let create = "create temporary table orders (id int unique deferrable initially immediate)";
        connection.execute(create).await.unwrap();
        sqlx::query("insert into orders values ($1), ($1)")
            .bind(4711)
            .execute(&mut connection)
            .await
            .unwrap_err();
        sqlx::query("selec").execute(&mut connection).await.unwrap_err();
        sqlx::query("delete from orders where id = $1")
            .bind("text")
            .execute(&mut connection)
            .await
            .unwrap_err();

        let mut transaction = connection.begin().await.unwrap();
        transaction.execute("set constraints all deferred").await.unwrap();
        transaction.execute("update orders set id = 1").await.unwrap();
        transaction.execute("insert into orders values (1), (1)").await.unwrap();
        transaction.commit().await.unwrap_err();
    })
    .await;
    let inserts = trace.spans_named("insert orders");
    inserts[0].is_error("23505").has("db.response.status_code", "23505");
    inserts[1].is_ok();
    trace.root().children()[2].is_error("42601");
    trace.span("delete orders").is_error("42883");
    trace.span("COMMIT").is_error("23505");
    trace.lacks_text("4711");
}

const SLEEP: &str = "values (pg_sleep(30))";

/// A connection, and what the server calls it.
async fn connection(pool: &PgPool) -> (PoolConnection<Postgres>, i32) {
    let mut connection = pool.acquire().await.unwrap();
    let pid = sqlx::query_scalar("select pg_backend_pid()").fetch_one(connection.untraced()).await.unwrap();
    (connection, pid)
}

/// Waits until that connection sleeps.
async fn asleep(pool: &PgPool, pid: i32) {
    let sql = "select 1 from pg_stat_activity where pid = $1 and state = 'active' and query like $2 || '%'";
    let asleep = || sqlx::query(sql).bind(pid).bind(SLEEP).fetch_optional(pool.untraced());
    while asleep().await.unwrap().is_none() {}
}

#[tokio::test]
async fn a_connection_that_is_killed_is_an_error_and_the_pool_goes_on() {
    let url = postgres!();
    let fixture = Fixture::start("orders");
    let pool = PgPool::connect(&url).await.unwrap();
    let ((), trace) = trace_of(&fixture, async {
        let (mut connection, pid) = connection(&pool).await;
        let kill = async {
            asleep(&pool, pid).await;
            sqlx::query("select pg_terminate_backend($1)").bind(pid).execute(pool.untraced()).await.unwrap();
        };
        let (slept, ()) = join(sqlx::query(SLEEP).execute(&mut *connection), kill).await;
        slept.unwrap_err();
        sqlx::query("delete from pg_class where false").execute(&mut *connection).await.unwrap_err();
        drop(connection);
        sqlx::query("select from pg_class limit 1").execute(&pool).await.unwrap();
    })
    .await;
    trace.span("values").is_error("57P01");
    trace.span("delete pg_class").is_error("Io");
    trace.span("select pg_class").is_ok();
}

#[tokio::test]
async fn a_query_that_nobody_waits_for_is_cancelled() {
    let url = postgres!();
    let fixture = Fixture::start("orders");
    let pool = PgPool::connect(&url).await.unwrap();
    let ((), trace) = trace_of(&fixture, async {
        let (mut connection, pid) = connection(&pool).await;
        tokio::select! {
            _ = sqlx::query(SLEEP).execute(&mut *connection) => panic!("it sleeps"),
            () = asleep(&pool, pid) => {}
        }
        sqlx::query("select pg_cancel_backend($1)").bind(pid).execute(pool.untraced()).await.unwrap();
        sqlx::query("select from pg_class limit 1").execute(&pool).await.unwrap();
    })
    .await;
    trace.span("values").is_error("cancelled");
    trace.span("select pg_class").is_ok();
}

#[tokio::test]
async fn a_query_that_waits_for_a_connection_has_no_span() {
    let url = postgres!();
    let fixture = Fixture::start("orders");
    let pool =
        PgPool::new(sqlx::postgres::PgPoolOptions::new().max_connections(1).connect_lazy(&url).unwrap());
    let ((), trace) = trace_of(&fixture, async {
        let connection = pool.acquire().await.unwrap();
        let waiting = Box::pin(sqlx::query("select 1").execute(&pool));
        let waiting = match select(waiting, Box::pin(tokio::task::yield_now())).await {
            Either::Left(_) => panic!("there is no connection"),
            Either::Right(((), waiting)) => waiting,
        };
        assert_eq!(fixture.handle().span_counts().open, 1);
        drop(waiting);
        drop(connection);
    })
    .await;
    assert!(names(&trace).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_queries_beside_each_other_do_not_mix() {
    let url = postgres!();
    let fixture = Fixture::start("orders");
    let pool = PgPool::connect(&url).await.unwrap().handle(orders(&fixture)).comments(Comments::Sampled);
    let queries = (0..50).map(|number: i64| {
        let pool = pool.clone();
        let mut work = operation(fixture.handle(), "work", None);
        tokio::spawn(async move {
            let id = work.trace_context().trace_id();
            let query = sqlx::query_as("select current_query(), $1 from pg_class limit 1").bind(number);
            let (text, echo): (String, i64) = work.drive(query.fetch_one(&pool)).await.unwrap();
            assert_eq!(echo, number);
            work.finish(trilha_core::Outcome::Ok);
            (id, text)
        })
    });
    let texts = join_all(queries).await;
    fixture.flush().await;
    for seen in texts {
        let (id, text) = seen.unwrap();
        let trace = fixture.receiver().trace(id).await;
        let span = trace.span("select pg_class").is_child_of("work");
        assert!(text.contains(&format!("traceparent='00-{id}-{}-03'", span.span_id)), "{text}");
    }
}

#[tokio::test]
async fn copy_takes_the_untraced_connection() {
    let url = postgres!();
    let pool = PgPool::connect(&url).await.unwrap();
    let mut copied = pool.acquire().await.unwrap();
    let create = "create temporary table copied (id int)";
    copied.execute(create).await.unwrap();
    let mut copy = copied.untraced().copy_in_raw("copy copied from stdin").await.unwrap();
    copy.send(&b"1\n2\n"[..]).await.unwrap();
    assert_eq!(copy.finish().await.unwrap(), 2);
}
