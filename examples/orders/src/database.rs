//! The database that the services share: PostgreSQL, MySQL or SQLite, traced.

use std::str::FromStr;

use sqlx::{
    AssertSqlSafe, MySql, MySqlPool, PgPool, Postgres, Sqlite, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};
use trilha::sqlx::Pool;

pub(crate) use sqlx::Error;

use crate::services::Order;

/// Orders and notifications.
#[derive(Clone)]
pub(crate) enum Database {
    Postgres(Pool<Postgres>),
    MySql(Pool<MySql>),
    Sqlite(Pool<Sqlite>),
}

/// How far an order has got.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Progress {
    Created,
    Declined,
    Paid,
    Notified,
}

/// Runs a query that reads the same for each kind of database.
macro_rules! on {
    ($database:expr, $pool:ident => $query:expr) => {
        match $database {
            Database::Postgres($pool) => $query,
            Database::MySql($pool) => $query,
            Database::Sqlite($pool) => $query,
        }
    };
}

impl Database {
    pub(crate) async fn connect(url: &str) -> Result<Self, Error> {
        let scheme = url.split(':').next().unwrap_or_default();
        Ok(match scheme {
            "sqlite" => {
                let options = SqliteConnectOptions::from_str(url)?.journal_mode(SqliteJournalMode::Wal);
                Self::Sqlite(SqlitePool::connect_with(options).await?.into())
            }
            "mysql" | "mariadb" => Self::MySql(MySqlPool::connect(url).await?.into()),
            _ => Self::Postgres(PgPool::connect(url).await?.into()),
        })
    }

    pub(crate) async fn create_tables(&self) -> Result<(), Error> {
        const ORDERS: &str = "CREATE TABLE orders (id VARCHAR(64) PRIMARY KEY, \
             tenant VARCHAR(128) NOT NULL, total BIGINT NOT NULL, state VARCHAR(16) NOT NULL)";
        const NOTIFICATIONS: &str = "CREATE TABLE notifications (order_id VARCHAR(64) PRIMARY KEY, \
             text VARCHAR(256) NOT NULL)";
        for table in [ORDERS, NOTIFICATIONS] {
            on!(self, pool => { sqlx::query(table).execute(pool).await?; });
        }
        Ok(())
    }

    pub(crate) async fn insert_order(&self, tenant: &str, order: &Order) -> Result<(), Error> {
        let insert = self.sql("INSERT INTO orders (id, tenant, total, state) VALUES (?, ?, ?, 'created')");
        on!(self, pool => {
            sqlx::query(insert).bind(&order.id).bind(tenant).bind(order.total).execute(pool).await?;
        });
        Ok(())
    }

    pub(crate) async fn update_order(&self, id: &str, state: &str) -> Result<(), Error> {
        let update = self.sql("UPDATE orders SET state = ? WHERE id = ?");
        on!(self, pool => { sqlx::query(update).bind(state).bind(id).execute(pool).await?; });
        Ok(())
    }

    pub(crate) async fn insert_notification(&self, order_id: &str, text: &str) -> Result<(), Error> {
        let insert = self.sql("INSERT INTO notifications (order_id, text) VALUES (?, ?)");
        on!(self, pool => { sqlx::query(insert).bind(order_id).bind(text).execute(pool).await?; });
        Ok(())
    }

    pub(crate) async fn progress(&self, id: &str) -> Result<Option<Progress>, Error> {
        let select = self
            .sql("SELECT state, order_id FROM orders LEFT JOIN notifications ON order_id = id WHERE id = ?");
        let row: Option<(String, Option<String>)> =
            on!(self, pool => sqlx::query_as(select).bind(id).fetch_optional(pool).await?);
        Ok(row.map(|(state, notification)| match (state.as_str(), notification) {
            (_, Some(_)) => Progress::Notified,
            ("paid", None) => Progress::Paid,
            ("declined", None) => Progress::Declined,
            (_, None) => Progress::Created,
        }))
    }

    pub(crate) async fn close(self) {
        on!(self, pool => pool.close().await);
    }

    /// The statement as the database wants it: PostgreSQL numbers its parameters.
    fn sql(&self, statement: &'static str) -> AssertSqlSafe<String> {
        let Self::Postgres(_) = self else { return AssertSqlSafe(statement.to_owned()) };
        let mut numbered = String::new();
        for (number, part) in statement.split('?').enumerate() {
            if number > 0 {
                numbered.push_str(&format!("${number}"));
            }
            numbered.push_str(part);
        }
        AssertSqlSafe(numbered)
    }
}
