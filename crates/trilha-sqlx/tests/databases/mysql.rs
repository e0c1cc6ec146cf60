//! MySQL, by MariaDB: what the server sees of a query, and how a query ends.

use sqlx::{Executor, Row};
use trilha_sqlx::{Comments, MySqlConnection, MySqlPool};
use trilha_testing::{Fixture, server};

use crate::support::{UNSAMPLED, comment, names, operation, orders, silent, trace_of};

macro_rules! mysql {
    () => {
        match server("TRILHA_TEST_MYSQL_URL") {
            Some(url) => url,
            None => return,
        }
    };
}

const MIRROR: &str = "select info from information_schema.processlist where id = connection_id() and 1 = ?";

/// The text of a query, as the server got it.
async fn mirror(connection: &mut MySqlConnection) -> String {
    sqlx::query_scalar(MIRROR).bind(1).fetch_one(connection).await.unwrap()
}

/// How often the server prepared a statement for the connection, and how often it forgot one.
async fn prepared(connection: &mut MySqlConnection) -> (u64, u64) {
    let sql = "show session status where variable_name in ('Com_stmt_prepare', 'Com_stmt_close')";
    let rows = sqlx::raw_sql(sql).fetch_all(connection.untraced()).await.unwrap();
    let count = |at: usize| rows[at].get::<String, _>(1).parse().unwrap();
    (count(1), count(0))
}

#[tokio::test]
async fn static_comments_name_the_service_and_stay_prepared() {
    let url = mysql!();
    let fixture = Fixture::start("orders");
    let mut connection = MySqlConnection::connect(&url).await.unwrap().handle(orders(&fixture));
    for _ in 0..10 {
        assert_eq!(mirror(&mut connection).await, format!("{MIRROR} /*service='orders',zone='Z2'*/"));
    }
    assert_eq!(prepared(&mut connection).await, (1, 0));
}

#[tokio::test]
async fn sampled_comments_name_the_querys_own_span_and_leave_nothing_prepared() {
    let url = mysql!();
    let fixture = Fixture::start("orders");
    let handle = orders(&fixture);
    let mut connection =
        MySqlConnection::connect(&url).await.unwrap().handle(handle.clone()).comments(Comments::Sampled);
    let (text, trace) = trace_of(&fixture, mirror(&mut connection)).await;
    let span = trace.span("select information_schema.processlist");
    let traceparent = format!("traceparent='00-{}-{}-03'", span.trace_id, span.span_id);
    assert_eq!(comment(&text), Some(format!("service='orders',{traceparent},zone='Z2'").as_str()));
    assert_eq!(prepared(&mut connection).await, (1, 1));

    let mut unsampled = operation(&handle, "work", Some(UNSAMPLED));
    for _ in 0..3 {
        let text = unsampled.drive(mirror(&mut connection)).await;
        assert_eq!(comment(&text), Some("service='orders',zone='Z2'"));
    }
    assert_eq!(prepared(&mut connection).await, (2, 1));
}

#[tokio::test]
async fn comments_can_be_switched_off_for_a_pool_and_for_a_service() {
    let url = mysql!();
    let fixture = Fixture::start("orders");
    for (handle, comments) in [
        (orders(&fixture), Comments::Off),
        (silent(&fixture), Comments::Static),
        (silent(&fixture), Comments::Sampled),
    ] {
        let mut connection = MySqlConnection::connect(&url).await.unwrap().handle(handle).comments(comments);
        assert_eq!(mirror(&mut connection).await, MIRROR);
    }
}

#[tokio::test]
async fn a_span_says_where_the_query_went() {
    let url = mysql!();
    let fixture = Fixture::start("orders");
    let pool = MySqlPool::connect(&url).await.unwrap().system_name("mariadb");
    let options = pool.connect_options();
    let (_, trace) = trace_of(&fixture, async {
        sqlx::query("select 'ana', \"rui\" from dual").fetch_all(&pool).await.unwrap()
    })
    .await;
    trace
        .span("select dual")
        .is_child_of("work")
        .has("db.system.name", "mariadb")
        .has("db.namespace", options.get_database().unwrap())
        .has("server.address", options.get_host())
        .has("server.port", i64::from(options.get_port()))
        .has("db.query.text", "select ?, ? from dual")
        .has("db.response.returned_rows", 1);
}

#[tokio::test]
async fn an_error_is_known_by_its_number() {
    let url = mysql!();
    let fixture = Fixture::start("orders");
    let mut connection = MySqlConnection::connect(&url).await.unwrap();
    let ((), trace) = trace_of(&fixture, async {
        connection.execute("create temporary table orders (id int unique)").await.unwrap();
        let insert = sqlx::query("insert into orders values (?), (?)").bind(4711).bind(4711);
        insert.execute(&mut connection).await.unwrap_err();
        sqlx::query("selec").execute(&mut connection).await.unwrap_err();
    })
    .await;
    trace.span("insert orders").is_error("1062").has("db.response.status_code", "1062");
    trace.root().children()[2].is_error("1064");
    trace.lacks_text("4711");
}

#[tokio::test]
async fn a_connection_that_is_killed_is_an_error_and_the_pool_goes_on() {
    let url = mysql!();
    let fixture = Fixture::start("orders");
    let pool = MySqlPool::connect(&url).await.unwrap();
    let ((), trace) = trace_of(&fixture, async {
        let mut connection = pool.acquire().await.unwrap();
        let id: u32 = sqlx::query_scalar("select connection_id()").fetch_one(&mut *connection).await.unwrap();
        let kill = sqlx::AssertSqlSafe(format!("kill {id}"));
        pool.untraced().execute(kill).await.unwrap();
        sqlx::query("delete from nowhere").execute(&mut *connection).await.unwrap_err();
        drop(connection);
        sqlx::query("select 1").execute(&pool).await.unwrap();
    })
    .await;
    let killed = trace.span("delete nowhere");
    assert!(matches!(killed.str("error.type"), Some("Io" | "1927")), "{:?}", killed.str("error.type"));
    trace.spans_named("select")[1].is_ok();
}

#[tokio::test]
async fn a_transaction_leads_to_our_connection() {
    let url = mysql!();
    let fixture = Fixture::start("orders");
    let mut connection = MySqlConnection::connect(&url).await.unwrap();
    let ((), trace) = trace_of(&fixture, async {
        connection.execute("create temporary table orders (id int)").await.unwrap();
        let mut outer = connection.begin().await.unwrap();
        let mut inner = outer.begin().await.unwrap();
        sqlx::query("insert into orders values (?)").bind(1).execute(&mut *inner).await.unwrap();
        inner.rollback().await.unwrap();
        outer.commit().await.unwrap();
        let left: i64 =
            sqlx::query_scalar("select count(*) from orders").fetch_one(&mut connection).await.unwrap();
        assert_eq!(left, 0);
    })
    .await;
    assert_eq!(
        names(&trace),
        [
            "create table orders",
            "BEGIN",
            "SAVEPOINT",
            "insert orders",
            "ROLLBACK TO SAVEPOINT",
            "COMMIT",
            "select orders"
        ]
    );
}
