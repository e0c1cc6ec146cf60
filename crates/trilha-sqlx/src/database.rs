//! The databases that can be traced, and what differs between them.

use std::borrow::Cow;

use futures_core::{future::BoxFuture, stream::BoxStream};
use sqlx::{Either, Error, Execute, SqlStr, database::HasStatementCache, error::DatabaseError};

/// A database that sqlx speaks and this crate traces: PostgreSQL, MySQL or MariaDB, SQLite.
///
/// Sealed: there is one for each feature, and none of your own.
pub trait Database: Driver {}

impl<DB: Driver> Database for DB {}

/// The connection options of a database.
pub(crate) type Options<DB> = <<DB as sqlx::Database>::Connection as sqlx::Connection>::Options;

/// What an `Executor` streams.
pub(crate) type Step<DB> =
    Result<Either<<DB as sqlx::Database>::QueryResult, <DB as sqlx::Database>::Row>, Error>;

/// Where queries go, as spans and metrics say.
#[derive(Clone, Debug, Default)]
pub struct Server {
    /// `server.address`: a host, or the path of a socket.
    pub address: Option<String>,
    /// `server.port`.
    pub port: Option<u16>,
    /// `db.namespace`.
    pub namespace: Option<String>,
}

/// Whose SQL it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Dialect {
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    MySql,
    /// SQLite.
    Sqlite,
}

/// The four ways to run something, without a bound on `&mut Connection: Executor`, which the compiler
/// cannot resolve for a generic database; and what the semantic conventions want to know.
pub trait Driver:
    sqlx::Database<Statement: 'static, Arguments: 'static, Connection: std::fmt::Debug> + HasStatementCache
{
    const SYSTEM: &'static str;
    const DIALECT: Dialect;

    fn server(options: &Options<Self>) -> Server;

    /// `db.response.status_code`.
    fn status_code(error: &dyn DatabaseError) -> Option<Cow<'_, str>> {
        error.code()
    }

    fn fetch_many<'e, 'q: 'e, E>(connection: &'e mut Self::Connection, query: E) -> BoxStream<'e, Step<Self>>
    where
        E: 'q + Execute<'q, Self>;

    fn fetch_optional<'e, 'q: 'e, E>(
        connection: &'e mut Self::Connection,
        query: E,
    ) -> BoxFuture<'e, Result<Option<Self::Row>, Error>>
    where
        E: 'q + Execute<'q, Self>;

    fn prepare_with<'e>(
        connection: &'e mut Self::Connection,
        sql: SqlStr,
        parameters: &'e [Self::TypeInfo],
    ) -> BoxFuture<'e, Result<Self::Statement, Error>>;

    fn describe(
        connection: &mut Self::Connection,
        sql: SqlStr,
    ) -> BoxFuture<'_, Result<sqlx::Describe<Self>, Error>>;
}

#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
macro_rules! forward_to_executor {
    () => {
        fn fetch_many<'e, 'q: 'e, E>(
            connection: &'e mut Self::Connection,
            query: E,
        ) -> BoxStream<'e, Step<Self>>
        where
            E: 'q + Execute<'q, Self>,
        {
            sqlx::Executor::fetch_many(connection, query)
        }

        fn fetch_optional<'e, 'q: 'e, E>(
            connection: &'e mut Self::Connection,
            query: E,
        ) -> BoxFuture<'e, Result<Option<Self::Row>, Error>>
        where
            E: 'q + Execute<'q, Self>,
        {
            sqlx::Executor::fetch_optional(connection, query)
        }

        fn prepare_with<'e>(
            connection: &'e mut Self::Connection,
            sql: SqlStr,
            parameters: &'e [Self::TypeInfo],
        ) -> BoxFuture<'e, Result<Self::Statement, Error>> {
            sqlx::Executor::prepare_with(connection, sql, parameters)
        }

        fn describe(
            connection: &mut Self::Connection,
            sql: SqlStr,
        ) -> BoxFuture<'_, Result<sqlx::Describe<Self>, Error>> {
            sqlx::Executor::describe(connection, sql)
        }
    };
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
impl Server {
    /// A socket takes the place of host and port.
    fn new(host: &str, port: u16, socket: Option<&std::path::PathBuf>, namespace: Option<&str>) -> Self {
        let socket = socket.map(|socket| socket.display().to_string());
        let is_socket = socket.is_some() || host.starts_with('/');
        Self {
            address: Some(socket.unwrap_or_else(|| host.to_owned())),
            port: (!is_socket).then_some(port),
            namespace: namespace.map(str::to_owned),
        }
    }
}

#[cfg(feature = "postgres")]
impl Driver for sqlx::Postgres {
    const SYSTEM: &'static str = "postgresql";
    const DIALECT: Dialect = Dialect::Postgres;

    fn server(options: &Options<Self>) -> Server {
        // Without a database the server takes the user's.
        let database = options.get_database().unwrap_or_else(|| options.get_username());
        Server::new(options.get_host(), options.get_port(), options.get_socket(), Some(database))
    }

    forward_to_executor!();
}

#[cfg(feature = "mysql")]
impl Driver for sqlx::MySql {
    const SYSTEM: &'static str = "mysql";
    const DIALECT: Dialect = Dialect::MySql;

    fn server(options: &Options<Self>) -> Server {
        Server::new(options.get_host(), options.get_port(), options.get_socket(), options.get_database())
    }

    /// The error's number, as the semantic conventions for MySQL ask; its SQLSTATE says less.
    fn status_code(error: &dyn DatabaseError) -> Option<Cow<'_, str>> {
        let number = error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>().map(|error| error.number());
        number.map_or_else(|| error.code(), |number| Some(number.to_string().into()))
    }

    forward_to_executor!();
}

#[cfg(feature = "sqlite")]
impl Driver for sqlx::Sqlite {
    const SYSTEM: &'static str = "sqlite";
    const DIALECT: Dialect = Dialect::Sqlite;

    /// The file's name without its folders; a database in memory has none.
    fn server(options: &Options<Self>) -> Server {
        let name = options.get_filename().file_name().map(|name| name.to_string_lossy());
        let is_memory = |name: &str| name == ":memory:" || name.starts_with("file:sqlx-in-memory-");
        Server { namespace: name.filter(|name| !is_memory(name)).map(Cow::into_owned), ..Server::default() }
    }

    forward_to_executor!();
}
