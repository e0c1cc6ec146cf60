//! The future of a response, up to its head.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use super::{Exchange, ResponseBody};

pin_project! {
    /// The future of [`ServerTrace`](crate::server::ServerTrace) and
    /// [`ClientTrace`](crate::client::ClientTrace).
    ///
    /// Dropped before it is ready, the operation is cancelled. What the inner future holds is dropped
    /// within the operation, so that work which it ends on the way out belongs to the trace too.
    pub struct ResponseFuture<F> {
        #[pin]
        inner: Option<F>, // always there, until the drop
        exchange: Option<Box<Exchange>>,
    }

    impl<F> PinnedDrop for ResponseFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(mut exchange) = this.exchange.take() {
                exchange.enter(|| this.inner.set(None));
                exchange.cancel();
            }
        }
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) fn new(inner: F, exchange: Option<Box<Exchange>>) -> Self {
        Self { inner: Some(inner), exchange }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(inner) = this.inner.as_pin_mut() else { return Poll::Pending };
        let entered = this.exchange.as_deref_mut().map(Exchange::entered);
        let result = ready!(inner.poll(cx));
        drop(entered);
        Poll::Ready(match (result, this.exchange.take()) {
            (Ok(response), Some(exchange)) => Ok(exchange.answer(response)),
            (Ok(response), None) => Ok(response.map(|body| ResponseBody::new(body, None))),
            (Err(error), exchange) => {
                if let Some(exchange) = exchange {
                    exchange.fail::<E>();
                }
                Err(error)
            }
        })
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").field("exchange", &self.exchange).finish_non_exhaustive()
    }
}
