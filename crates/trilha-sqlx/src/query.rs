//! A query while it runs: its operation lasts until its last row was read.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::stream::{BoxStream, Stream};
use sqlx::{Either, Error};
use trilha_core::Operation;

use crate::{Database, database::Step, outcome::finish};

const RETURNED_ROWS: &str = "db.response.returned_rows";

/// Runs a future as `operation`. Dropped before its end, the operation is cancelled.
pub(crate) async fn run<DB, T>(
    mut operation: Operation,
    future: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error>
where
    DB: Database,
{
    let result = operation.drive(future).await;
    finish::<DB>(operation, result.as_ref().err());
    result
}

/// As [`run`], for at most one row.
pub(crate) async fn run_optional<DB, T>(
    mut operation: Operation,
    future: impl Future<Output = Result<Option<T>, Error>>,
) -> Result<Option<T>, Error>
where
    DB: Database,
{
    let result = operation.drive(future).await;
    if let Ok(row) = &result {
        operation.set_attribute(RETURNED_ROWS, i64::from(row.is_some()));
    }
    finish::<DB>(operation, result.as_ref().err());
    result
}

/// The rows and results of a query. Dropped before its end, the operation is cancelled.
pub(crate) struct Steps<'e, DB: Database> {
    operation: Option<Operation>,
    stream: BoxStream<'e, Step<DB>>,
    rows: i64,
}

impl<'e, DB: Database> Steps<'e, DB> {
    pub(crate) fn new(operation: Operation, stream: BoxStream<'e, Step<DB>>) -> Self {
        Self { operation: Some(operation), stream, rows: 0 }
    }
}

impl<DB: Database> Stream for Steps<'_, DB> {
    type Item = Step<DB>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { operation, stream, rows } = &mut *self;
        let step = ready!(match operation {
            Some(operation) => operation.enter(|| stream.as_mut().poll_next(cx)),
            None => stream.as_mut().poll_next(cx),
        });
        let error = match &step {
            Some(Ok(Either::Right(_))) => {
                *rows += 1;
                return Poll::Ready(step);
            }
            Some(Ok(Either::Left(_))) => return Poll::Ready(step),
            Some(Err(error)) => Some(error),
            None => None,
        };
        if let Some(operation) = operation.take() {
            operation.set_attribute(RETURNED_ROWS, *rows);
            finish::<DB>(operation, error);
        }
        Poll::Ready(step)
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use futures_util::{FutureExt, StreamExt, stream};
    use trilha_core::{Scope, SpanKind};
    use trilha_testing::Fixture;

    use super::*;

    #[tokio::test]
    async fn a_driver_that_panics_ends_the_span_as_such_also_where_the_panic_is_caught() {
        let fixture = Fixture::start("orders");
        let scope = Scope::new("test", "");
        let start =
            || Operation::builder(&scope, "query", SpanKind::Client).handle(fixture.handle().clone()).start();
        let steps: BoxStream<'_, Step<sqlx::Sqlite>> =
            stream::once(async { panic!("a bug of the driver's") }).boxed();
        let mut steps = Steps::<sqlx::Sqlite>::new(start(), steps);
        catch_unwind(AssertUnwindSafe(|| steps.next().now_or_never())).expect_err("it panics");
        let call = async { panic!("a bug of the driver's") };
        catch_unwind(AssertUnwindSafe(|| run::<sqlx::Sqlite, ()>(start(), call).now_or_never()))
            .expect_err("it panics");

        assert_eq!(fixture.handle().span_counts().open, 0);
        fixture.flush().await;
        for trace in fixture.receiver().traces() {
            trace.span("query").is_error("panic");
        }
        assert_eq!(fixture.receiver().traces().len(), 2);
    }
}
