//! A pool whose queries are traced.

use std::{fmt, sync::Arc};

use async_stream::try_stream;
use futures_core::{future::BoxFuture, stream::BoxStream};
use futures_util::TryStreamExt;
use opentelemetry::Context;
use sqlx::{
    Describe, Error, Execute, Executor, SqlSafeStr, SqlStr,
    pool::{CloseEvent, PoolOptions},
};
use trilha_core::current;

use crate::{
    Database, PoolConnection, Transaction,
    database::{Options, Step},
    outcome::finish,
    settings::{Settings, settings},
};

/// A pool whose queries are traced. Stands in for [`sqlx::Pool`]; clones share it.
///
/// The span of a query begins when it has got a connection: the wait for one is not part of it. Where
/// no connection is to be had, the span of the query that it was for says why.
///
/// Neither a pool nor a connection of ours is a [`sqlx::Acquire`]: that trait leads to sqlx's own
/// connection, past every span. Take [`Acquire`](crate::Acquire) instead, and for migrations
/// `sqlx::migrate!().run(pool.untraced())`.
///
/// ```
/// # #[cfg(feature = "postgres")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> sqlx::Result<()> {
/// use sqlx::postgres::PgPoolOptions;
/// use trilha_sqlx::{Comments, PgPool};
///
/// let pool = PgPoolOptions::new().max_connections(20).connect_lazy("postgres://db/orders")?;
/// let pool = PgPool::new(pool).comments(Comments::Sampled).comment_route(true);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "postgres"))]
/// # fn main() {}
/// ```
pub struct Pool<DB: Database> {
    inner: sqlx::Pool<DB>,
    settings: Arc<Settings>,
}

impl<DB: Database> Pool<DB> {
    settings!();

    /// Traces the queries of a pool of sqlx's. Also [`From`].
    ///
    /// Address, port and database are those of its connection options as they are now.
    pub fn new(inner: sqlx::Pool<DB>) -> Self {
        let settings = Arc::new(Settings::new::<DB>(DB::server(&inner.connect_options())));
        Self { inner, settings }
    }

    /// Connects a pool with sqlx's default options.
    ///
    /// # Errors
    /// As sqlx: the URL is malformed, or the server cannot be reached or refuses.
    pub async fn connect(url: &str) -> Result<Self, Error> {
        sqlx::Pool::connect(url).await.map(Self::new)
    }

    /// Connects a pool with these options of a connection.
    ///
    /// # Errors
    /// As sqlx: the server cannot be reached or refuses.
    pub async fn connect_with(options: Options<DB>) -> Result<Self, Error> {
        sqlx::Pool::connect_with(options).await.map(Self::new)
    }

    /// A pool that connects when it has to.
    ///
    /// # Errors
    /// As sqlx: the URL is malformed.
    pub fn connect_lazy(url: &str) -> Result<Self, Error> {
        sqlx::Pool::connect_lazy(url).map(Self::new)
    }

    /// A pool that connects when it has to, with these options of a connection.
    pub fn connect_lazy_with(options: Options<DB>) -> Self {
        Self::new(sqlx::Pool::connect_lazy_with(options))
    }

    /// sqlx's own pool: what is done with it leaves no span and carries no comment.
    ///
    /// For what asks for sqlx's pool: migrations, `COPY`, a listener.
    pub fn untraced(&self) -> &sqlx::Pool<DB> {
        &self.inner
    }

    /// Waits for a connection. Not traced.
    ///
    /// # Errors
    /// As sqlx: it takes too long, the pool is closed, or the server cannot be reached.
    pub async fn acquire(&self) -> Result<PoolConnection<DB>, Error> {
        Ok(self.traced(self.inner.acquire().await?))
    }

    /// A connection, if one is idle.
    pub fn try_acquire(&self) -> Option<PoolConnection<DB>> {
        self.inner.try_acquire().map(|connection| self.traced(connection))
    }

    /// Waits for a connection and begins a transaction.
    ///
    /// # Errors
    /// Those of [`acquire`](Self::acquire), and those of the server.
    pub async fn begin(&self) -> Result<Transaction<'static, DB>, Error> {
        self.begin_on_any(None).await
    }

    /// Waits for a connection and begins a transaction with a statement of your own.
    ///
    /// # Errors
    /// Those of [`acquire`](Self::acquire) and of the server; `statement` does not begin a transaction.
    pub async fn begin_with(&self, statement: impl SqlSafeStr) -> Result<Transaction<'static, DB>, Error> {
        self.begin_on_any(Some(statement.into_sql_str())).await
    }

    /// Begins a transaction, if a connection is idle.
    ///
    /// # Errors
    /// Those of the server.
    pub async fn try_begin(&self) -> Result<Option<Transaction<'static, DB>>, Error> {
        let Some(connection) = self.try_acquire() else { return Ok(None) };
        Transaction::begin(connection, None).await.map(Some)
    }

    /// Begins a transaction with a statement of your own, if a connection is idle.
    ///
    /// # Errors
    /// Those of the server; `statement` does not begin a transaction.
    pub async fn try_begin_with(
        &self,
        statement: impl SqlSafeStr,
    ) -> Result<Option<Transaction<'static, DB>>, Error> {
        let Some(connection) = self.try_acquire() else { return Ok(None) };
        Transaction::begin(connection, Some(statement.into_sql_str())).await.map(Some)
    }

    /// Closes the pool, and waits until its connections are.
    pub async fn close(&self) {
        self.inner.close().await;
    }

    /// Whether [`close`](Self::close) was called.
    pub fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }

    /// A future that is ready when the pool is closed.
    pub fn close_event(&self) -> CloseEvent {
        self.inner.close_event()
    }

    /// How many connections the pool has.
    pub fn size(&self) -> u32 {
        self.inner.size()
    }

    /// How many of them are idle.
    pub fn num_idle(&self) -> usize {
        self.inner.num_idle()
    }

    /// The options of the pool.
    pub fn options(&self) -> &PoolOptions<DB> {
        self.inner.options()
    }

    /// The options of its connections.
    pub fn connect_options(&self) -> Arc<Options<DB>> {
        self.inner.connect_options()
    }

    fn traced(&self, connection: sqlx::pool::PoolConnection<DB>) -> PoolConnection<DB> {
        PoolConnection::new(connection, self.settings.clone())
    }

    async fn begin_on_any(&self, statement: Option<SqlStr>) -> Result<Transaction<'static, DB>, Error> {
        match self.acquire().await {
            Ok(connection) => Transaction::begin(connection, statement).await,
            Err(error) => {
                finish::<DB>(self.settings.command::<DB>("BEGIN", statement.as_ref()), Some(&error));
                Err(error)
            }
        }
    }

    /// Waits for a connection, and records the query that does not get one.
    async fn acquire_for<'q, E>(&self, query: E, context: &Context) -> Result<(PoolConnection<DB>, E), Error>
    where
        E: Execute<'q, DB>,
    {
        match self.acquire().await {
            Ok(connection) => Ok((connection, query)),
            Err(error) => {
                let (operation, _) = within(context, || self.settings.query(query));
                finish::<DB>(operation, Some(&error));
                Err(error)
            }
        }
    }
}

/// Calls `f` with the context in which a query was asked for: it may be run elsewhere.
fn within<T>(context: &Context, f: impl FnOnce() -> T) -> T {
    let _attached = current::attach(context.clone());
    f()
}

impl<'p, DB: Database> Executor<'p> for &'_ Pool<DB> {
    type Database = DB;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Step<DB>>
    where
        E: 'q + Execute<'q, DB>,
    {
        let (pool, context) = (self.clone(), current::context());
        Box::pin(try_stream! {
            let (mut connection, query) = pool.acquire_for(query, &context).await?;
            let mut steps = within(&context, || connection.fetch_many(query));
            while let Some(step) = steps.try_next().await? {
                yield step;
            }
        })
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<DB::Row>, Error>>
    where
        E: 'q + Execute<'q, DB>,
    {
        let (pool, context) = (self.clone(), current::context());
        Box::pin(async move {
            let (mut connection, query) = pool.acquire_for(query, &context).await?;
            let row = within(&context, || connection.fetch_optional(query));
            row.await
        })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [DB::TypeInfo],
    ) -> BoxFuture<'e, Result<DB::Statement, Error>>
    where
        'p: 'e,
    {
        let pool = self.clone();
        Box::pin(async move { pool.acquire().await?.prepare_with(sql, parameters).await })
    }

    /// For sqlx's macros, while they compile. Not traced.
    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<DB>, Error>>
    where
        'p: 'e,
    {
        let pool = self.clone();
        Box::pin(async move { pool.acquire().await?.describe(sql).await })
    }
}

impl<DB: Database> From<sqlx::Pool<DB>> for Pool<DB> {
    fn from(inner: sqlx::Pool<DB>) -> Self {
        Self::new(inner)
    }
}

impl<DB: Database> Clone for Pool<DB> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), settings: self.settings.clone() }
    }
}

impl<DB: Database> fmt::Debug for Pool<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("inner", &self.inner).field("settings", &self.settings).finish()
    }
}
