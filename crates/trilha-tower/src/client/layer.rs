//! The layer, and its settings.

use std::sync::Arc;

use tower_layer::Layer;
use trilha_core::Handle;

use super::ClientTrace;

/// Traces and measures the requests that a client sends, over HTTP and gRPC.
///
/// Each request is one operation below the current one: its context goes out in the request's headers, in
/// place of any that were copied from an inbound request, and it ends with the response's body. A
/// caller that stops waiting, for the head or for a piece of the body, leaves it `cancelled`; one that
/// drops the body of an HTTP response unread, or between two pieces, has what it wanted. A gRPC call
/// that is dropped before its status is `cancelled` always.
///
/// A layer that retries or follows redirects sends requests of its own: **put it above this one**, so that
/// each of them is a span, and is [judged by the host](#baggage) that it goes to. Below this one, it would
/// copy what was meant for the first host to wherever a redirect leads. A `Buffer` of tower's stands **below this
/// one**: it calls what it holds from a task of its own, where no operation is the current one.
///
/// A request whose `content-type` is `application/grpc` is a gRPC call, all others are HTTP requests.
///
/// ```
/// # use tower_layer::Layer;
/// # let client = tower::service_fn(|_: http::Request<()>| async {
/// #     Ok::<_, std::convert::Infallible>(http::Response::new(String::new()))
/// # });
/// use trilha_tower::ClientTraceLayer;
///
/// let client = ClientTraceLayer::new().layer(client);
/// ```
///
/// # Baggage
/// All servers get the trace. Baggage and the correlation id go to those hosts alone that the handle's
/// [destinations](trilha_core::Propagation::destinations) allow: by default, private ones. The host is that of
/// the request's URI, else of [`server`](Self::server); where neither names one, they stay here. What is
/// withheld is counted.
///
/// ```
/// # use http_body_util::Full;
/// # let client = tower::service_fn(|_: http::Request<Full<&'static [u8]>>| async {
/// #     Ok::<_, std::convert::Infallible>(http::Response::new(Full::<&[u8]>::default()))
/// # });
/// use tower_http::follow_redirect::FollowRedirectLayer;
/// use tower_layer::Layer;
/// use trilha_tower::ClientTraceLayer;
///
/// let client = FollowRedirectLayer::new().layer(ClientTraceLayer::new().layer(client));
/// # fn is_service<S: tower::Service<http::Request<Full<&'static [u8]>>>>(_: S) {}
/// # is_service(client);
/// ```
///
/// # What it records
/// | | HTTP | gRPC |
/// |---|---|---|
/// | span, of kind `CLIENT` | `{method} {template}` with a [`UrlTemplate`](crate::UrlTemplate), else `{method}` | `{package.Service}/{Method}`, else `grpc` |
/// | metric | `http.client.request.duration` (s) | `rpc.client.call.duration` (s) |
/// | of span and metric | `http.request.method`, `server.address`, `server.port`, `url.template`, `network.protocol.version`, `http.response.status_code`, `error.type` | `rpc.system.name`, `rpc.method`, `server.address`, `server.port`, `rpc.status_code`, `error.type` |
/// | of the span alone | `url.full`, `http.request.method_original` | |
/// | error | 4xx, 5xx | every code but `OK` |
///
/// - **Cardinality:** what metrics and span names get is bounded by the program: the hosts that it calls,
///   its templates, codes.
/// - **PII:** `url.full` is redacted of user info and known signatures; its path and query may hold ids.
///   Other headers, bodies and the messages of errors are not recorded.
#[derive(Clone, Debug, Default)]
pub struct ClientTraceLayer {
    settings: Arc<Settings>,
}

impl ClientTraceLayer {
    /// A layer with all defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// A layer for which every request is a gRPC call, whatever its content type says.
    pub fn grpc() -> Self {
        Self::new().set(|settings| settings.is_grpc = true)
    }

    /// The handle to record with. Defaults to the current one at the time of the request.
    #[must_use]
    pub fn handle(self, handle: Handle) -> Self {
        self.set(|settings| settings.handle = Some(handle))
    }

    /// Which server a request goes to whose URI names none: those over a tonic `Channel`, which knows its
    /// server itself. What goes there is judged by this address. Defaults to none.
    #[must_use]
    pub fn server(self, address: impl Into<Arc<str>>, port: u16) -> Self {
        self.set(|settings| settings.server = Some((address.into(), port)))
    }

    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }
}

impl<S> Layer<S> for ClientTraceLayer {
    type Service = ClientTrace<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ClientTrace::new(inner, self.settings.clone())
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    pub(super) handle: Option<Handle>,
    pub(super) is_grpc: bool,
    pub(super) server: Option<(Arc<str>, u16)>,
}
