//! A request and its response, from the start of its operation to its one outcome.
//!
//! The same for server and client, HTTP and gRPC: the sides differ in how they start, and in what
//! they call an error.

mod body;
mod future;

use std::{any::type_name, sync::Arc, time::Instant};

use bytes::Buf;
use http::{HeaderValue, Method, Response, StatusCode, header::CONTENT_LENGTH, response};
use http_body::{Body, Frame};
use opentelemetry::Context;
use trilha_core::{
    Operation, Outcome, Recipient,
    http::{HeadersMut, protocol_version, span_name},
    schema::Key,
};

pub use self::{body::ResponseBody, future::ResponseFuture};
use crate::{grpc, instruments::ActiveRequest};

/// A request that is under way.
#[derive(Debug)]
pub(crate) struct Exchange {
    operation: Operation,
    side: Side,
    protocol: Protocol,
    status: Option<StatusCode>,
    /// Bytes of the response's body that have not passed yet, where its length is known.
    remaining: Option<u64>,
    /// When the last piece of the response arrived; none while somebody waits for the next.
    idle_since: Option<Instant>,
}

#[derive(Debug)]
pub(crate) enum Side {
    Server {
        /// Whether the response names its trace.
        server_timing: bool,
        /// Whether the route may still become known.
        is_route_open: bool,
        /// Held until the end.
        _active: Option<ActiveRequest>,
    },
    Client,
}

#[derive(Debug)]
pub(crate) enum Protocol {
    Http {
        method: Method,
    },
    Grpc {
        /// `package.Service/Method`, where the path is one of gRPC.
        method: Option<Arc<str>>,
        status: Option<&'static str>,
    },
}

impl Exchange {
    pub(crate) fn new(operation: Operation, side: Side, protocol: Protocol) -> Self {
        Self { operation, side, protocol, status: None, remaining: None, idle_since: None }
    }

    pub(crate) fn enter<R>(&mut self, f: impl FnOnce() -> R) -> R {
        self.operation.enter(f)
    }

    pub(crate) fn context(&self) -> Context {
        self.operation.context()
    }

    pub(crate) fn inject(&self, headers: &mut HeadersMut<'_>, recipient: Recipient<'_>) {
        self.operation.inject(headers, recipient);
    }

    /// Takes the head of the response, and stays with its body until that ends.
    pub(crate) fn answer<B: Body>(mut self, response: Response<B>) -> Response<ResponseBody<B>> {
        let (mut head, body) = response.into_parts();
        self.read_head(&head);
        self.name_trace(&mut head);
        let length = head.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        self.idle_since = Some(Instant::now());
        self.remaining = length.or_else(|| body.size_hint().exact());
        let exchange = match self.ends_with_head() || body.is_end_stream() {
            true => {
                self.finish(Outcome::Ok);
                None
            }
            false => Some(self),
        };
        Response::from_parts(head, ResponseBody::new(body, exchange))
    }

    fn read_head(&mut self, head: &response::Parts) {
        self.status = Some(head.status);
        match &mut self.protocol {
            Protocol::Http { .. } => {
                self.operation.set_dimension("http.response.status_code", head.status.as_u16());
                // A client learns the version from the answer.
                if let (Side::Client, Some(version)) = (&self.side, protocol_version(head.version)) {
                    self.operation.set_dimension("network.protocol.version", version);
                }
            }
            Protocol::Grpc { status, .. } => *status = grpc::status(&head.headers),
        }
    }

    fn name_trace(&self, head: &mut response::Parts) {
        let Side::Server { server_timing: true, .. } = self.side else { return };
        let trace = self.operation.trace_context();
        let value = trace.traceparent().map(|value| format!("traceparent;desc=\"{value}\""));
        if let Some(Ok(value)) = value.map(HeaderValue::try_from) {
            // A map that is full stays as it is.
            let _ = head.headers.try_append("server-timing", value);
        }
    }

    /// Whether no body is sent, whatever the response holds: a server drops such a body unread.
    fn ends_with_head(&self) -> bool {
        let (Protocol::Http { method }, Some(status)) = (&self.protocol, self.status) else { return false };
        method == Method::HEAD
            || (method == Method::CONNECT && status.is_success())
            || status.is_informational()
            || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
    }

    /// Takes a part of the body, and says whether it is the last one.
    fn read_frame<D: Buf>(&mut self, frame: &Frame<D>) -> bool {
        if let Some(data) = frame.data_ref() {
            let length = u64::try_from(data.remaining()).unwrap_or(u64::MAX);
            self.remaining = self.remaining.map(|remaining| remaining.saturating_sub(length));
        }
        if let (Protocol::Grpc { status, .. }, Some(trailers)) = (&mut self.protocol, frame.trailers_ref()) {
            *status = grpc::status(trailers).or(*status);
        }
        frame.is_trailers()
    }

    /// Ends an exchange whose body is dropped before its end; `is_empty` if it has nothing more to give.
    fn abandon(self, is_empty: bool) {
        // A server drops a body once it has sent as much as it announced.
        let is_complete = is_empty || self.remaining == Some(0);
        match (&self.side, &self.protocol, self.idle_since) {
            _ if is_complete => self.finish(Outcome::Ok),
            // A client that asks for no more has what it wanted, since then; a gRPC call is cancelled by it.
            (Side::Client, Protocol::Http { .. }, since @ Some(_)) => self.finish_as_of(Outcome::Ok, since),
            _ => self.cancel(),
        }
    }

    /// Ends an exchange that nobody waits for, unless the thread unwinds: then it panicked.
    fn cancel(self) {
        if !std::thread::panicking() {
            self.finish(Outcome::Cancelled);
        }
    }

    /// Ends an exchange whose service or body failed with an `E`.
    fn fail<E>(self) {
        self.finish(Outcome::Error(type_name::<E>()));
    }

    fn finish(self, ending: Outcome<'_>) {
        self.finish_as_of(ending, None);
    }

    /// Ends the exchange, as of now or of a moment that has passed. A status that is an error outweighs
    /// how the body ended.
    fn finish_as_of(self, ending: Outcome<'_>, ended: Option<Instant>) {
        let Self { mut operation, side, protocol, status, .. } = self;
        match protocol {
            Protocol::Http { method } => {
                if let Side::Server { is_route_open: true, .. } = side {
                    set_late_route(&mut operation, &method);
                }
                let error = status.filter(|status| side.is_http_error(*status));
                let outcome = error.as_ref().map_or(ending, |status| Outcome::Error(status.as_str()));
                end(operation, outcome, ended);
            }
            Protocol::Grpc { method, status: code } => {
                let code = code.or_else(|| side.implied_code(status, ending));
                if let Some(code) = code {
                    operation.set_dimension(grpc::RPC_STATUS_CODE, code);
                }
                if let (Side::Server { .. }, Some(grpc::UNIMPLEMENTED)) = (&side, code) {
                    forget_method(&mut operation, method.as_deref());
                }
                let error = code.filter(|code| side.is_grpc_error(code));
                end(operation, error.map_or(ending, Outcome::Error), ended);
            }
        }
    }
}

impl Side {
    fn is_http_error(&self, status: StatusCode) -> bool {
        match self {
            Self::Server { .. } => status.is_server_error(),
            Self::Client => status.is_server_error() || status.is_client_error(),
        }
    }

    fn is_grpc_error(&self, code: &str) -> bool {
        match self {
            Self::Server { .. } => grpc::is_server_error(code),
            Self::Client => grpc::is_client_error(code),
        }
    }

    /// The code of an answer that came to its end without one: the client's view of the HTTP status.
    /// A server does not judge one that is `200`: it may speak a dialect, such as gRPC-Web.
    fn implied_code(&self, status: Option<StatusCode>, ending: Outcome<'_>) -> Option<&'static str> {
        let status = status.filter(|_| ending == Outcome::Ok)?;
        match self {
            Self::Server { .. } if status == StatusCode::OK => None,
            _ => Some(grpc::status_of(status)),
        }
    }
}

fn end(operation: Operation, outcome: Outcome<'_>, ended: Option<Instant>) {
    match ended {
        Some(ended) => operation.finish_at(outcome, ended),
        None => operation.finish(outcome),
    }
}

/// A route that only the application knew, set below this layer with `ContextAttributes::route`.
fn set_late_route(operation: &mut Operation, method: &Method) {
    if let Some(route) = operation.attributes().value(Key::Route) {
        operation.set_name(&span_name(method, Some(&route)));
        operation.set_dimension("http.route", &*route);
    }
}

/// A caller may invent methods without end: one that is not implemented gives no name to anything.
fn forget_method(operation: &mut Operation, method: Option<&str>) {
    let Some(method) = method else { return };
    operation.set_name(grpc::SYSTEM);
    operation.set_dimension(grpc::RPC_METHOD, grpc::OTHER);
    operation.set_attribute(grpc::RPC_METHOD_ORIGINAL, method);
    operation.attributes().route(grpc::OTHER);
}
