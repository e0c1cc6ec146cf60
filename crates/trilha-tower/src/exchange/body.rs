//! The body of a response, with which its operation ends.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use trilha_core::Outcome;

use super::Traced;

pin_project! {
    /// The body of a response that [`ServerTrace`](crate::server::ServerTrace) or
    /// [`ClientTrace`](crate::client::ClientTrace) passes on, frame by frame and unchanged.
    ///
    /// The operation ends with its last frame. Dropped before that, the operation is cancelled, unless
    /// the body has nothing more to give. A client that drops the body of an HTTP response unread, or
    /// between two frames, has what it wanted: only while it waits for a frame, it is cancelled.
    pub struct ResponseBody<B>
    where
        B: Body,
    {
        #[pin]
        inner: Option<B>, // none: empty, or being dropped
        traced: Option<Traced>, // none: it has ended
    }

    impl<B> PinnedDrop for ResponseBody<B>
    where
        B: Body,
    {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let Some(mut traced) = this.traced.take() else { return };
            // A thread that unwinds is not asked: a second panic would abort the process.
            let is_empty = !std::thread::panicking() && is_end(&this.inner);
            traced.enter(|| this.inner.set(None));
            if let Traced::Heard(mut exchange) = traced {
                exchange.abandon(is_empty);
            }
        }
    }
}

impl<B: Body> ResponseBody<B> {
    pub(super) fn new(inner: B, traced: Option<Traced>) -> Self {
        Self { inner: Some(inner), traced }
    }
}

impl<B: Body> Body for ResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.project();
        let Some(mut inner) = this.inner.as_pin_mut() else { return Poll::Ready(None) };
        let Some(traced) = this.traced else { return inner.poll_frame(cx) };
        let polled = traced.enter(|| inner.as_mut().poll_frame(cx));
        if let Traced::Heard(exchange) = traced {
            exchange.read(&polled);
        }
        let frame = ready!(polled);
        let is_last = match &frame {
            Some(Ok(frame)) => frame.is_trailers() || inner.is_end_stream(),
            Some(Err(_)) | None => true,
        };
        if is_last && let Some(Traced::Heard(mut exchange)) = this.traced.take() {
            match &frame {
                Some(Err(_)) => exchange.fail::<B::Error>(),
                _ => exchange.finish(Outcome::Ok),
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        is_end(&self.inner)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

/// An empty body, as layers around this one may need for answers of their own.
impl<B: Body> Default for ResponseBody<B> {
    fn default() -> Self {
        Self { inner: None, traced: None }
    }
}

impl<B: Body> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody").field("traced", &self.traced).finish_non_exhaustive()
    }
}

fn is_end<B: Body>(body: &Option<B>) -> bool {
    body.as_ref().is_none_or(Body::is_end_stream)
}
