//! Comments break no query, on any database.

use sqlx::{Column, Executor, MySql, Postgres, Row, Sqlite};
use trilha_sqlx::{Comments, Connection, Database, MySqlConnection, PgConnection, SqliteConnection};
use trilha_testing::{Fixture, server};

use crate::support::{HOSTILE, handle, operation};

/// Queries for every database; what they answer, and whether they fail, must not change.
const QUERIES: &[&str] = &[
    "select 1",
    "select 1;",
    "select 1 ;; ",
    "\n\tselect 1\n",
    "select '--', '/*', ';', 'it''s'",
    "select 1 -- one",
    "select 1 -- one\n",
    "/* one */ select 1",
    "select 1 /* one */",
    "(select 1)",
    "select 1 union select 2 order by 1;",
    "with a as (select 1 as b) select b from a",
    "select 2 - -1, 3 --1\n",
    "insert into t values (1, 'a');",
    "insert into t values (2, 'b') -- two",
    "update t set b = 'c' where a = 1;",
    "delete from t where b in ('--', '/*');",
    "select count(*) from t",
    "create temporary table u as select 1 as a",
    "drop table u;",
    "select 'open",
    "select 1 /* open",
    "select \"",
    "selec 1",
    "select * from nowhere",
    "",
    " ",
    ";",
    "--",
];

/// Also in one text, which prepared statements cannot be.
const RAW: &[&str] = &[
    "select 1; select 2",
    "select 1; select 2;",
    "insert into t values (3, 'd'); delete from t where a = 3;",
    "begin; insert into t values (4, 'e'); rollback",
];

type Answer = Result<(usize, Vec<String>), String>;

/// All that a query answers, as far as it is the same for a text with a comment.
async fn answer<DB: Database>(connection: &mut Connection<DB>, sql: &'static str, is_raw: bool) -> Answer
where
    DB::Arguments: sqlx::IntoArguments<DB>,
{
    let rows = match is_raw {
        true => sqlx::raw_sql(sql).fetch_all(&mut *connection).await,
        false => sqlx::query(sql).fetch_all(&mut *connection).await,
    };
    match rows {
        Ok(rows) => {
            let columns = rows.first().map(Row::columns).unwrap_or_default();
            Ok((rows.len(), columns.iter().map(|column| column.name().to_owned()).collect()))
        }
        Err(error) => match error.as_database_error() {
            Some(error) => Err(format!("{:?}", error.code())),
            None => Err("no answer of the database".into()),
        },
    }
}

async fn comments_change_no_answer<DB: Database>(mut plain: Connection<DB>, commented: Connection<DB>)
where
    DB::Arguments: sqlx::IntoArguments<DB>,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    let fixture = Fixture::start("");
    plain = plain.comments(Comments::Off);
    let mut commented = commented.comment_route(true);
    let set_up = "create temporary table t (a integer, b varchar(20))";
    for connection in [&mut plain, &mut commented] {
        connection.untraced().execute(set_up).await.unwrap();
    }
    // Two names are enough for the second: what they become is the same.
    for (mode, names) in [(Comments::Static, HOSTILE), (Comments::Sampled, &HOSTILE[..2])] {
        for name in names {
            let service = handle(&fixture, |builder| builder.service(*name, None));
            commented = commented.comments(mode).handle(service.clone());
            let mut work = operation(&service, "work", None);
            work.attributes().route(name);
            let cases = QUERIES.iter().map(|sql| (sql, false)).chain(RAW.iter().map(|sql| (sql, true)));
            for (sql, is_raw) in cases {
                let expected = answer(&mut plain, sql, is_raw).await;
                let actual = work.drive(answer(&mut commented, sql, is_raw)).await;
                assert_eq!(actual, expected, "{sql:?} of {name:?}, {mode:?}");
            }
        }
    }
}

#[tokio::test]
async fn comments_change_no_answer_of_sqlite() {
    let connect = || async { SqliteConnection::connect("sqlite::memory:").await.unwrap() };
    comments_change_no_answer::<Sqlite>(connect().await, connect().await).await;
}

#[tokio::test]
async fn comments_change_no_answer_of_postgres() {
    let Some(url) = server("TRILHA_TEST_POSTGRES_URL") else { return };
    let connect = || async { PgConnection::connect(&url).await.unwrap() };
    comments_change_no_answer::<Postgres>(connect().await, connect().await).await;
}

#[tokio::test]
async fn comments_change_no_answer_of_mysql() {
    let Some(url) = server("TRILHA_TEST_MYSQL_URL") else { return };
    let connect = || async { MySqlConnection::connect(&url).await.unwrap() };
    comments_change_no_answer::<MySql>(connect().await, connect().await).await;
}
