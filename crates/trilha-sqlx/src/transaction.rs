//! A transaction whose queries, beginning and end are traced.

use std::{
    fmt,
    ops::{Deref, DerefMut},
};

use sqlx::{Error, SqlStr};
use sqlx_core::transaction::TransactionManager;

use crate::{Connection, Database, PoolConnection, query::run};

/// A transaction, or a savepoint inside another one. Stands in for sqlx's.
///
/// Leads to our [`Connection`]: `query.execute(&mut *transaction)` is traced. Its beginning and its
/// end are spans of their own, named `BEGIN`, `COMMIT`, `ROLLBACK`, `SAVEPOINT`, `RELEASE SAVEPOINT`
/// and `ROLLBACK TO SAVEPOINT`.
///
/// Dropped without either [`commit`](Self::commit) or [`rollback`](Self::rollback) it is rolled back by
/// sqlx when the connection is next used, or returns to its pool: that leaves no span.
pub struct Transaction<'c, DB: Database> {
    connection: Holder<'c, DB>,
    is_open: bool,
}

pub(crate) enum Holder<'c, DB: Database> {
    Pooled(PoolConnection<DB>),
    Borrowed(&'c mut Connection<DB>),
}

impl<'c, DB: Database> Transaction<'c, DB> {
    pub(crate) async fn begin(
        connection: impl Into<Holder<'c, DB>>,
        statement: Option<SqlStr>,
    ) -> Result<Self, Error> {
        // Open before it is known to be: whether this is cancelled or fails, a transaction that the
        // server has begun is rolled back.
        let mut transaction = Self { connection: connection.into(), is_open: true };
        let name = if transaction.transaction_depth() == 0 { "BEGIN" } else { "SAVEPOINT" };
        let operation = transaction.settings().command::<DB>(name, statement.as_ref());
        let begin = DB::TransactionManager::begin(transaction.untraced(), statement);
        run::<DB, _>(operation, begin).await?;
        Ok(transaction)
    }

    /// Commits the transaction, or releases the savepoint.
    ///
    /// # Errors
    /// As sqlx: the server refuses, as it may where constraints are deferred, or the connection is lost.
    pub async fn commit(mut self) -> Result<(), Error> {
        let name = if self.transaction_depth() > 1 { "RELEASE SAVEPOINT" } else { "COMMIT" };
        let operation = self.settings().command::<DB>(name, None);
        run::<DB, _>(operation, DB::TransactionManager::commit(self.untraced())).await?;
        self.is_open = false;
        Ok(())
    }

    /// Undoes the transaction, or what was done since the savepoint.
    ///
    /// # Errors
    /// As sqlx: the connection is lost.
    pub async fn rollback(mut self) -> Result<(), Error> {
        let name = if self.transaction_depth() > 1 { "ROLLBACK TO SAVEPOINT" } else { "ROLLBACK" };
        let operation = self.settings().command::<DB>(name, None);
        run::<DB, _>(operation, DB::TransactionManager::rollback(self.untraced())).await?;
        self.is_open = false;
        Ok(())
    }
}

impl<DB: Database> From<PoolConnection<DB>> for Holder<'_, DB> {
    fn from(connection: PoolConnection<DB>) -> Self {
        Self::Pooled(connection)
    }
}

impl<'c, DB: Database> From<&'c mut Connection<DB>> for Holder<'c, DB> {
    fn from(connection: &'c mut Connection<DB>) -> Self {
        Self::Borrowed(connection)
    }
}

impl<DB: Database> Deref for Transaction<'_, DB> {
    type Target = Connection<DB>;

    fn deref(&self) -> &Self::Target {
        match &self.connection {
            Holder::Pooled(connection) => connection,
            Holder::Borrowed(connection) => connection,
        }
    }
}

impl<DB: Database> DerefMut for Transaction<'_, DB> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        match &mut self.connection {
            Holder::Pooled(connection) => connection,
            Holder::Borrowed(connection) => connection,
        }
    }
}

impl<DB: Database> AsMut<Connection<DB>> for Transaction<'_, DB> {
    fn as_mut(&mut self) -> &mut Connection<DB> {
        self
    }
}

impl<DB: Database> Drop for Transaction<'_, DB> {
    fn drop(&mut self) {
        if self.is_open {
            DB::TransactionManager::start_rollback(self.untraced());
        }
    }
}

impl<DB: Database> fmt::Debug for Transaction<'_, DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").field("is_open", &self.is_open).finish_non_exhaustive()
    }
}
