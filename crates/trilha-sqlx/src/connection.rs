//! A connection whose queries are traced: one of a pool, or one of its own.

use std::{
    fmt,
    future::Future,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use futures_core::{future::BoxFuture, stream::BoxStream};
use sqlx::{ConnectOptions, Connection as _, Describe, Error, Execute, Executor, SqlSafeStr, SqlStr};
use sqlx_core::transaction::TransactionManager;

use crate::{
    Database, Transaction,
    database::{Options, Step},
    query::{Steps, run, run_optional},
    settings::{Settings, settings},
};

/// A connection whose queries are traced. Stands in for sqlx's `PgConnection` and the like.
///
/// `&mut Connection` is an [`Executor`]; a [`PoolConnection`] and a [`Transaction`] lead to it by
/// `&mut *connection`, `&mut *transaction`. To sqlx's own connection leads [`untraced`](Self::untraced).
pub struct Connection<DB: Database> {
    raw: Raw<DB>,
    settings: Arc<Settings>,
}

enum Raw<DB: Database> {
    Pooled(sqlx::pool::PoolConnection<DB>),
    Single(DB::Connection),
}

impl<DB: Database> Connection<DB> {
    settings!();

    /// Connects to a database, outside of any pool.
    ///
    /// # Errors
    /// As sqlx: the URL is malformed, or the server cannot be reached or refuses.
    pub async fn connect(url: &str) -> Result<Self, Error> {
        Self::connect_with(&url.parse()?).await
    }

    /// Connects with these options, outside of any pool.
    ///
    /// # Errors
    /// As sqlx: the server cannot be reached or refuses.
    pub async fn connect_with(options: &Options<DB>) -> Result<Self, Error> {
        let settings = Arc::new(Settings::new::<DB>(DB::server(options)));
        Ok(Self { raw: Raw::Single(options.connect().await?), settings })
    }

    fn pooled(raw: sqlx::pool::PoolConnection<DB>, settings: Arc<Settings>) -> Self {
        Self { raw: Raw::Pooled(raw), settings }
    }

    /// sqlx's own connection: what is done with it leaves no span and carries no comment.
    ///
    /// For what only sqlx's connection does: `COPY`, migrations, an advisory lock.
    pub fn untraced(&mut self) -> &mut DB::Connection {
        match &mut self.raw {
            Raw::Pooled(connection) => connection,
            Raw::Single(connection) => connection,
        }
    }

    fn raw(&self) -> &DB::Connection {
        match &self.raw {
            Raw::Pooled(connection) => connection,
            Raw::Single(connection) => connection,
        }
    }

    pub(crate) fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    /// Begins a transaction, or a savepoint inside the one that is open.
    ///
    /// # Errors
    /// As sqlx: the server refuses, or the connection is lost.
    pub async fn begin(&mut self) -> Result<Transaction<'_, DB>, Error> {
        Transaction::begin(self, None).await
    }

    /// Begins a transaction with a statement of your own, such as `BEGIN ISOLATION LEVEL SERIALIZABLE`.
    ///
    /// # Errors
    /// As sqlx: a transaction is open already, `statement` does not begin one, the server refuses, or the
    /// connection is lost.
    pub async fn begin_with(&mut self, statement: impl SqlSafeStr) -> Result<Transaction<'_, DB>, Error> {
        Transaction::begin(self, Some(statement.into_sql_str())).await
    }

    /// Runs `callback` in a transaction, which is committed where it returns `Ok`, and rolled back else.
    ///
    /// # Errors
    /// Those of `callback`, and those of the transaction.
    pub async fn transaction<F, R, E>(&mut self, callback: F) -> Result<R, E>
    where
        for<'c> F: FnOnce(&'c mut Transaction<'_, DB>) -> BoxFuture<'c, Result<R, E>> + Send + Sync,
        R: Send,
        E: From<Error> + Send,
    {
        let mut transaction = self.begin().await?;
        let result = callback(&mut transaction).await;
        match &result {
            Ok(_) => transaction.commit().await?,
            Err(_) => transaction.rollback().await?,
        }
        result
    }

    /// Whether a transaction is open.
    pub fn is_in_transaction(&self) -> bool {
        self.transaction_depth() != 0
    }

    pub(crate) fn transaction_depth(&self) -> usize {
        DB::TransactionManager::get_transaction_depth(self.raw())
    }

    /// Asks the server whether the connection still stands. Not traced.
    ///
    /// # Errors
    /// As sqlx: it does not.
    pub async fn ping(&mut self) -> Result<(), Error> {
        self.untraced().ping().await
    }

    /// How many prepared statements sqlx keeps for this connection.
    pub fn cached_statements_size(&self) -> usize {
        self.raw().cached_statements_size()
    }

    /// Forgets all prepared statements, here and on the server.
    ///
    /// # Errors
    /// As sqlx: the connection is lost.
    pub async fn clear_cached_statements(&mut self) -> Result<(), Error> {
        self.untraced().clear_cached_statements().await
    }

    /// Closes the connection and tells the server.
    ///
    /// # Errors
    /// As sqlx: the connection was lost before.
    pub async fn close(self) -> Result<(), Error> {
        match self.raw {
            Raw::Pooled(connection) => connection.close().await,
            Raw::Single(connection) => connection.close().await,
        }
    }
}

impl<'c, DB: Database> Executor<'c> for &'c mut Connection<DB> {
    type Database = DB;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Step<DB>>
    where
        'c: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let (operation, query) = self.settings.query(query);
        Box::pin(Steps::<DB>::new(operation, DB::fetch_many(self.untraced(), query)))
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<DB::Row>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let (operation, query) = self.settings.query(query);
        Box::pin(run_optional::<DB, _>(operation, DB::fetch_optional(self.untraced(), query)))
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [DB::TypeInfo],
    ) -> BoxFuture<'e, Result<DB::Statement, Error>>
    where
        'c: 'e,
    {
        let operation = self.settings.command::<DB>("PREPARE", Some(&sql));
        Box::pin(run::<DB, _>(operation, DB::prepare_with(self.untraced(), sql, parameters)))
    }

    /// For sqlx's macros, while they compile. Not traced.
    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<DB>, Error>>
    where
        'c: 'e,
    {
        DB::describe(self.untraced(), sql)
    }
}

impl<DB: Database> fmt::Debug for Connection<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// A connection of a [`Pool`](crate::Pool), to which it returns when it is dropped.
pub struct PoolConnection<DB: Database>(Connection<DB>);

impl<DB: Database> PoolConnection<DB> {
    pub(crate) fn new(raw: sqlx::pool::PoolConnection<DB>, settings: Arc<Settings>) -> Self {
        Self(Connection::pooled(raw, settings))
    }

    /// Takes the connection out of its pool, which may open another one in its place.
    pub fn detach(self) -> Connection<DB> {
        let Connection { raw, settings } = self.0;
        let raw = match raw {
            Raw::Pooled(connection) => Raw::Single(connection.detach()),
            single @ Raw::Single(_) => single,
        };
        Connection { raw, settings }
    }

    /// Closes the connection; its pool may open another one.
    ///
    /// # Errors
    /// As sqlx: the connection was lost before.
    pub fn close(self) -> impl Future<Output = Result<(), Error>> + Send {
        self.0.close()
    }

    /// Closes the connection when it is dropped, instead of returning it.
    pub fn close_on_drop(&mut self) {
        if let Raw::Pooled(connection) = &mut self.0.raw {
            connection.close_on_drop();
        }
    }
}

impl<DB: Database> Deref for PoolConnection<DB> {
    type Target = Connection<DB>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<DB: Database> DerefMut for PoolConnection<DB> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<DB: Database> AsMut<Connection<DB>> for PoolConnection<DB> {
    fn as_mut(&mut self) -> &mut Connection<DB> {
        self
    }
}

impl<DB: Database> fmt::Debug for PoolConnection<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PoolConnection").field(&self.0).finish()
    }
}
