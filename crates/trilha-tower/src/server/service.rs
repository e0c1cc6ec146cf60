//! The service that the layer makes.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::{layer::Settings, operation};
use crate::{ResponseBody, ResponseFuture};

/// A service whose requests are traced; made by [`ServerTraceLayer`](super::ServerTraceLayer).
#[derive(Clone, Debug)]
pub struct ServerTrace<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S> ServerTrace<S> {
    pub(super) fn new(inner: S, settings: Arc<Settings>) -> Self {
        Self { inner, settings }
    }
}

impl<S, B, R> Service<Request<B>> for ServerTrace<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Body,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (mut head, body) = request.into_parts();
        let exchange = operation::start(&self.settings, &mut head);
        ResponseFuture::new(exchange, || self.inner.call(Request::from_parts(head, body)))
    }
}
