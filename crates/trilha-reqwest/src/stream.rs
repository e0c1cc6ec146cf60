//! A response's body as a stream.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_core::Stream;

use crate::body::BodyEnd;

/// The pieces of a body. The operation ends with the last one.
#[derive(Debug)]
pub(crate) struct Pieces<S> {
    inner: S,
    end: BodyEnd,
}

impl<S> Pieces<S> {
    pub(crate) fn new(inner: S, end: BodyEnd) -> Self {
        Self { inner, end }
    }
}

impl<S> Stream for Pieces<S>
where
    S: Stream<Item = reqwest::Result<Bytes>> + Unpin,
{
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { inner, end } = self.get_mut();
        let piece = ready!(end.poll(|| Pin::new(inner).poll_next(cx).map(Option::transpose)));
        if let Ok(None) = piece {
            end.finish();
        }
        Poll::Ready(piece.transpose())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}
