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

use super::{ResponseBody, Traced};

pin_project! {
    /// The future of [`ServerTrace`](crate::server::ServerTrace) and
    /// [`ClientTrace`](crate::client::ClientTrace).
    ///
    /// Dropped before it is ready, the operation is cancelled. What the inner future holds is dropped
    /// within the operation, so that work which it ends on the way out belongs to the trace too.
    pub struct ResponseFuture<F> {
        #[pin]
        inner: Option<F>, // always there, until the drop
        traced: Option<Traced>,
    }

    impl<F> PinnedDrop for ResponseFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let Some(mut traced) = this.traced.take() else { return };
            traced.enter(|| this.inner.set(None));
            if let Traced::Heard(mut exchange) = traced {
                exchange.cancel();
            }
        }
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) fn new(inner: F, traced: Option<Traced>) -> Self {
        Self { inner: Some(inner), traced }
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
        let entered = this.traced.as_mut().map(Traced::entered);
        let result = ready!(inner.poll(cx));
        drop(entered);
        let traced = this.traced.take();
        Poll::Ready(match result {
            Ok(mut response) => {
                let traced = traced.and_then(|traced| traced.answer(&mut response));
                Ok(response.map(|body| ResponseBody::new(body, traced)))
            }
            Err(error) => {
                if let Some(Traced::Heard(mut exchange)) = traced {
                    exchange.fail::<E>();
                }
                Err(error)
            }
        })
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").field("traced", &self.traced).finish_non_exhaustive()
    }
}
