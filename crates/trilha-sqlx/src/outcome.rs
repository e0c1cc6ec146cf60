//! How a query ended: `error.type` and `db.response.status_code`, never a message.

use std::borrow::Cow;

use sqlx::Error;
use trilha_core::{Operation, Outcome};

use crate::Database;

/// Ends the operation with what came of it.
pub(crate) fn finish<DB: Database>(mut operation: Operation, error: Option<&Error>) {
    let Some(error) = error else { return operation.finish(Outcome::Ok) };
    let code = error.as_database_error().and_then(|error| DB::status_code(error));
    if let Some(code) = &code {
        operation.set_dimension("db.response.status_code", code.as_ref());
    }
    operation.finish(Outcome::Error(&code.unwrap_or(Cow::Borrowed(variant(error)))));
}

/// An error that the database did not send is known by its variant's name.
fn variant(error: &Error) -> &'static str {
    match error {
        Error::Configuration(_) => "Configuration",
        Error::InvalidArgument(_) => "InvalidArgument",
        Error::Database(_) => "Database",
        Error::Io(_) => "Io",
        Error::Tls(_) => "Tls",
        Error::Protocol(_) => "Protocol",
        Error::RowNotFound => "RowNotFound",
        Error::TypeNotFound { .. } => "TypeNotFound",
        Error::ColumnIndexOutOfBounds { .. } => "ColumnIndexOutOfBounds",
        Error::ColumnNotFound(_) => "ColumnNotFound",
        Error::ColumnDecode { .. } => "ColumnDecode",
        Error::Encode(_) => "Encode",
        Error::Decode(_) => "Decode",
        Error::AnyDriverError(_) => "AnyDriverError",
        Error::PoolTimedOut => "PoolTimedOut",
        Error::PoolClosed => "PoolClosed",
        Error::WorkerCrashed => "WorkerCrashed",
        Error::InvalidSavePointStatement => "InvalidSavePointStatement",
        Error::BeginFailed => "BeginFailed",
        _ => "_OTHER",
    }
}
