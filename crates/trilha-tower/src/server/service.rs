//! The service that the layer makes.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::{
    head::Head,
    layer::Settings,
    operation::{self, Served},
};
use crate::{ResponseBody, ResponseFuture, exchange::Traced};

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

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let mut traced;
        if self.settings.has_rules() {
            let (head, body) = request.into_parts();
            traced = operation::start(&self.settings, Head::from(&head));
            request = Request::from_parts(head, body);
        } else {
            traced = operation::start(&self.settings, Head::of(&request));
        }
        if let Some(traced) = &traced {
            request.extensions_mut().insert(Served::by(traced));
        }
        let entered = traced.as_mut().map(Traced::entered);
        let response = self.inner.call(request);
        drop(entered);
        ResponseFuture::new(response, traced)
    }
}
