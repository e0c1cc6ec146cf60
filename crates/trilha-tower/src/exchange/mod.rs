//! A request and its response, from the start of its operation to its one outcome.
//!
//! The same for server and client, HTTP and gRPC: the sides differ in how they start, and in what
//! they call an error.

mod body;
mod future;
mod traced;

use std::{any::type_name, sync::Arc, task::Poll, time::Instant};

use bytes::Buf;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header::CONTENT_LENGTH};
use http_body::{Body, Frame};
use trilha_core::{
    Operation, Outcome, Span, Traceparent,
    http::{protocol_version, span_name},
    schema::Key,
};

pub(crate) use self::traced::Traced;
pub use self::{body::ResponseBody, future::ResponseFuture};
use crate::{grpc, instruments::ActiveRequest};

/// A request that is under way, for somebody who is told how it ends.
#[derive(Debug)]
pub(crate) struct Exchange {
    operation: Operation,
    side: Side,
    protocol: Protocol,
    status: Option<StatusCode>,
    /// Bytes of the response's body that have not passed yet, where its length is known.
    remaining: Option<u64>,
    /// When the last piece of the response arrived at a client; none while it waits for the next.
    idle_since: Option<Instant>,
}

#[derive(Debug)]
pub(crate) enum Side {
    Server {
        /// Whether the response names its trace.
        names_trace: bool,
        /// Whether the route may still become known.
        is_route_open: bool,
        /// Held until the end.
        _active: Option<Box<ActiveRequest>>,
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
    fn new(operation: Operation, side: Side, protocol: Protocol) -> Self {
        Self { operation, side, protocol, status: None, remaining: None, idle_since: None }
    }

    /// Takes the head of the response. None: it ends with that.
    fn answer<B: Body>(mut self: Box<Self>, response: &mut Response<B>) -> Option<Box<Self>> {
        self.read_head(response);
        if self.side.names_trace()
            && let Some(span) = self.operation.span()
        {
            name_trace(span, response.headers_mut());
        }
        self.remaining = response.body().size_hint().exact().or_else(|| announced_length(response.headers()));
        self.stay_idle(true);
        if self.ends_with_head() || response.body().is_end_stream() {
            self.finish(Outcome::Ok);
            return None;
        }
        Some(self)
    }

    fn read_head<B>(&mut self, response: &Response<B>) {
        let status = response.status();
        self.status = Some(status);
        match &mut self.protocol {
            Protocol::Http { .. } => {
                self.operation.set_dimension("http.response.status_code", status.as_u16());
                // A client learns the version from the answer.
                if let (Side::Client, Some(version)) = (&self.side, protocol_version(response.version())) {
                    self.operation.set_dimension("network.protocol.version", version);
                }
            }
            Protocol::Grpc { status, .. } => *status = grpc::status(response.headers()),
        }
    }

    /// Notes whether somebody waits for the next piece of the response: only a client may have had enough.
    fn stay_idle(&mut self, is_idle: bool) {
        self.idle_since = (is_idle && matches!(self.side, Side::Client)).then(Instant::now);
    }

    /// Whether no body is sent, whatever the response holds: a server drops such a body unread.
    fn ends_with_head(&self) -> bool {
        let (Protocol::Http { method }, Some(status)) = (&self.protocol, self.status) else { return false };
        method == Method::HEAD
            || (method == Method::CONNECT && status.is_success())
            || status.is_informational()
            || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
    }

    /// Takes the answer of a body that was asked for its next part.
    fn read<D: Buf, E>(&mut self, polled: &Poll<Option<Result<Frame<D>, E>>>) {
        self.stay_idle(polled.is_ready());
        if let Poll::Ready(Some(Ok(frame))) = polled {
            self.read_frame(frame);
        }
    }

    fn read_frame<D: Buf>(&mut self, frame: &Frame<D>) {
        if let Some(data) = frame.data_ref() {
            let length = u64::try_from(data.remaining()).unwrap_or(u64::MAX);
            self.remaining = self.remaining.map(|remaining| remaining.saturating_sub(length));
        }
        if let (Protocol::Grpc { status, .. }, Some(trailers)) = (&mut self.protocol, frame.trailers_ref()) {
            *status = grpc::status(trailers).or(*status);
        }
    }

    /// Ends an exchange whose body is dropped before its end; `is_empty` if it has nothing more to give.
    fn abandon(&mut self, is_empty: bool) {
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
    fn cancel(&mut self) {
        if !std::thread::panicking() {
            self.finish(Outcome::Cancelled);
        }
    }

    /// Ends an exchange whose service or body failed with an `E`.
    fn fail<E>(&mut self) {
        self.finish(Outcome::Error(type_name::<E>()));
    }

    fn finish(&mut self, ending: Outcome<'_>) {
        self.finish_as_of(ending, None);
    }

    /// Ends the exchange, as of now or of a moment that has passed. A status that is an error outweighs
    /// how the body ended.
    fn finish_as_of(&mut self, ending: Outcome<'_>, ended: Option<Instant>) {
        let Self { operation, side, protocol, status, .. } = self;
        match protocol {
            Protocol::Http { method } => {
                if let Side::Server { is_route_open: true, .. } = side {
                    set_late_route(operation, method);
                }
                let error = status.filter(|status| side.is_http_error(*status));
                let outcome = error.as_ref().map_or(ending, |status| Outcome::Error(status.as_str()));
                operation.end(outcome, ended);
            }
            Protocol::Grpc { method, status: code } => {
                let code = code.or_else(|| side.implied_code(*status, ending));
                if let Some(code) = code {
                    operation.set_dimension(grpc::RPC_STATUS_CODE, code);
                }
                if let (Side::Server { .. }, Some(grpc::UNIMPLEMENTED)) = (&side, code) {
                    forget_method(operation, method.as_deref());
                }
                let error = code.filter(|code| side.is_grpc_error(code));
                operation.end(error.map_or(ending, Outcome::Error), ended);
            }
        }
    }
}

fn announced_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Names the trace of `span` to whoever gets these headers.
fn name_trace(span: &Span, headers: &mut HeaderMap) {
    if let Some(traceparent) = span.trace_context().traceparent()
        && let Ok(value) = HeaderValue::from_bytes(&server_timing(traceparent))
    {
        // A map that is full stays as it is.
        let _ = headers.try_append(SERVER_TIMING, value);
    }
}

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// The value of `Server-Timing` that names a trace.
fn server_timing(traceparent: &Traceparent) -> [u8; 74] {
    let mut value = *b"traceparent;desc=\"00-00000000000000000000000000000000-0000000000000000-00\"";
    if let Some(place) = value.get_mut(18..73) {
        place.copy_from_slice(traceparent.encode().as_bytes());
    }
    value
}

impl Side {
    fn names_trace(&self) -> bool {
        matches!(self, Self::Server { names_trace: true, .. })
    }

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
