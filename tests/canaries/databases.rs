//! PostgreSQL, MariaDB and SQLite: literals, bound values, names and errors; and what the servers saw of it.

use sqlx::{AssertSqlSafe, Row};
use trilha::{
    Operation, Outcome, Scope, SpanKind,
    sqlx::{Comments, MySqlPool, PgPool, SqlitePool},
};
use trilha_testing::server;

use crate::{plants::Plants, service::Service};

static SCOPE: Scope = Scope::new("test", "");
const ROUNDS: usize = 100;

pub(crate) async fn plant(service: &Service, plants: &mut Plants) {
    if let Some(url) = server("TRILHA_TEST_POSTGRES_URL") {
        let pool = PgPool::connect(&url).await.unwrap();
        sqlx::raw_sql("create extension if not exists pg_stat_statements; select pg_stat_statements_reset()")
            .execute(pool.untraced())
            .await
            .unwrap();
        queries!(pool, service, plants, "$1");
        let sql = "select query from pg_stat_statements union all select query from pg_stat_activity";
        let seen = sqlx::raw_sql(sql).fetch_all(pool.untraced()).await.unwrap();
        let seen: Vec<_> = seen.iter().filter_map(|row| comment(row.get(0))).collect();
        assert!(seen.len() >= ROUNDS, "only {} comments", seen.len());
        service.saw("comments in PostgreSQL", seen.join("\n"));
    }
    if let Some(url) = server("TRILHA_TEST_MYSQL_URL") {
        let pool = MySqlPool::connect(&url).await.unwrap();
        queries!(pool, service, plants, "?");
    }
    let pool = SqlitePool::connect("sqlite::memory:").await.unwrap();
    queries!(pool, service, plants, "?");
}

/// The same on each database, whose types differ.
macro_rules! queries {
    ($pool:expr, $service:expr, $plants:expr, $placeholder:expr) => {
        for round in 0..ROUNDS {
            let pool =
                $pool.clone().handle($service.handle()).system_name($plants.line()).comment_route(true);
            let pool = if round % 2 == 0 { pool } else { pool.comments(Comments::Sampled) };
            let mut work =
                Operation::builder(&SCOPE, "work", SpanKind::Server).handle($service.handle()).start();
            work.attributes().tenant($plants.token()).matched_route(&format!("/{}", $plants.ascii()));
            let (literal, bound) = (literal(&$plants.text()), $plants.text());
            let named: String = $plants.token().chars().filter(|c| *c != '`').take(60).collect();
            let texts = [
                format!("select {}{literal} as note", "1, ".repeat(round)), // each is a statement of its own
                format!("select 1 -- {}", $plants.line()),
                format!("select * from nowhere where note = {literal}"),
                format!("select 1 as n from \"{named}\""),
                $plants.line(), // no statement at all
            ];
            work.drive(async {
                for text in texts {
                    let _ = sqlx::query(AssertSqlSafe(text.clone())).fetch_all(&pool).await;
                    let _ = sqlx::raw_sql(AssertSqlSafe(text)).fetch_all(&pool).await;
                }
                let sql = AssertSqlSafe(format!("select {} as note", $placeholder));
                let back: String = sqlx::query(sql).bind(&bound).fetch_one(&pool).await.unwrap().get(0);
                assert_eq!(back, bound, "the user's own data arrives as it is");
            })
            .await;
            work.finish(Outcome::Ok);
        }
        $service.flush().await;
    };
}
use queries;

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// What Trilha added to a statement: its last comment.
fn comment(statement: String) -> Option<String> {
    let (_, comment) = statement.rsplit_once("/*")?;
    Some(comment.split_once("*/")?.0.to_owned())
}
