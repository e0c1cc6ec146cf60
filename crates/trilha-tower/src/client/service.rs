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

/// A client whose requests are traced; made by [`ClientTraceLayer`](super::ClientTraceLayer).
#[derive(Clone, Debug)]
pub struct ClientTrace<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S> ClientTrace<S> {
    pub(super) fn new(inner: S, settings: Arc<Settings>) -> Self {
        Self { inner, settings }
    }
}

impl<S, B, R> Service<Request<B>> for ClientTrace<S>
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
        let mut traced = operation::start(&self.settings, &mut head);
        let response = traced.enter(|| self.inner.call(Request::from_parts(head, body)));
        ResponseFuture::new(response, Some(traced))
    }
}
