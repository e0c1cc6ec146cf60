//! The layer, and its settings.

use std::{borrow::Cow, fmt, net::IpAddr, sync::Arc};

use http::request::Parts;
use tower_layer::Layer;
use trilha_core::{Handle, Trust, fence::Callback};

use super::{ServerTrace, head::Head, probe::looks_like_probe};

/// Traces and measures the requests that a service answers, over HTTP and gRPC.
///
/// Each request is one operation: it continues the caller's trace as far as it
/// [trusts the caller](#trust), runs the service in its context, and ends with the response's
/// body. A caller that goes away leaves it `cancelled`, a panic leaves it `panicked`, also where a
/// layer above catches the panic. Of two such layers around one request, the inner one steps aside; that
/// of another service in the same process makes a child. A layer that makes `tracing` spans, as tower-http's
/// `TraceLayer`, stands below: of one above, each span is a trace of its own, since callers alone are continued.
///
/// An answer that upgrades the connection, to a WebSocket for instance, ends with its head. What is spoken then runs
/// in a task without the request's context, unless it takes that along: `let context = Context::current()` before
/// axum's `on_upgrade`, and `talk(socket).with_context(context)` in it.
///
/// A request whose `content-type` is `application/grpc` is a gRPC call, all others are HTTP requests.
///
/// ```
/// # use tower_layer::Layer;
/// # let service = tower::service_fn(|_: http::Request<()>| async {
/// #     Ok::<_, std::convert::Infallible>(http::Response::new(String::new()))
/// # });
/// use trilha_tower::ServerTraceLayer;
///
/// let service = ServerTraceLayer::new().filter(|request| request.uri.path() != "/healthz").layer(service);
/// ```
///
/// # What it records
/// | | HTTP | gRPC |
/// |---|---|---|
/// | span, of kind `SERVER` | `{method} {route}`, else `{method}` | `{package.Service}/{Method}`, else `grpc` |
/// | metrics | `http.server.request.duration` (s), `http.server.active_requests` | `rpc.server.call.duration` (s) |
/// | of span and metric | `http.request.method`, `http.route`, `url.scheme`, `network.protocol.version`, `http.response.status_code`, `error.type` | `rpc.system.name`, `rpc.method`, `rpc.status_code`, `error.type` |
/// | of the span alone | `url.path`, `server.address`, `server.port`, `user_agent.original`, `http.request.method_original` | `server.address`, `server.port`, `rpc.method_original` |
/// | error | 5xx | `UNKNOWN`, `DEADLINE_EXCEEDED`, `UNIMPLEMENTED`, `INTERNAL`, `UNAVAILABLE`, `DATA_LOSS` |
///
/// - **Cardinality:** what metrics and span names get is bounded by the application: routes, methods,
///   codes. A gRPC method that turns out to be `UNIMPLEMENTED`, or whose path has not the form of one, is
///   `_OTHER`; so that callers who are refused before the call is routed cannot invent methods, put a
///   layer that authenticates above this one, or [filter](Self::filter).
/// - **PII:** `url.path` may hold ids. Query, other headers, bodies, the client's address and the
///   messages of errors are not recorded.
///
/// # Trust
/// A caller that is believed is continued with its sampling decision, its baggage and what travels there
/// as context attributes. Of one that is not, the span keeps a link, or the trace's id
/// ([`Trust::EdgeSameTrace`]), and everything else is counted as refused. The response names the
/// service's own trace.
///
/// Who is believed is a question of the handle: those among its peers where it lists some; else nobody
/// at an edge (zone Z1) and everybody elsewhere. **Where peers are listed, a caller whose
/// [address](Self::peer) is not known is a stranger**, and counted as broken propagation. With axum that takes
/// `into_make_service_with_connect_info::<SocketAddr>()`:
///
/// ```no_run
/// # use std::net::SocketAddr;
/// # async fn serve(listener: tokio::net::TcpListener, app: axum::Router) -> std::io::Result<()> {
/// axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await
/// # }
/// ```
///
/// A layer may know better than the handle: [`trust`](Self::trust), [`trust_by`](Self::trust_by).
///
/// # Broken propagation
/// Where one of us sent no trace, or none that can be used, `trilha.propagation.broken` counts it by
/// reason, carrier and the caller's address, and the span gets an event of that name. Excepted are
/// [probes](Self::probe) and services at an edge.
///
/// # The route
/// With the feature `axum`, the route is axum's `MatchedPath`. It is there when the layer is added with
/// `Router::layer` or `route_layer`, which axum applies to each route. A layer *around* a router
/// (`layer.layer(router)`, a `ServiceBuilder`) runs before the routing, and axum does not tell it the route
/// afterwards; nor is there a `MatchedPath` for what `nest_service` takes, which has no route of its own.
/// There, and with other frameworks, give the route by [`route`](Self::route), or set it as the
/// context attribute `route` below the layer, at any time before the response ends:
///
/// ```
/// use axum::{Router, extract::{MatchedPath, Request}, middleware::{Next, from_fn}, routing::get};
/// use tower_layer::Layer;
///
/// let router: Router = Router::new()
///     .route("/orders/{id}", get(|| async { "ordered" }))
///     .route_layer(from_fn(|path: MatchedPath, request: Request, next: Next| {
///         trilha_core::ContextAttributes::current().route(path.as_str());
///         next.run(request)
///     }));
/// let service = trilha_tower::ServerTraceLayer::new().layer(router);
/// ```
///
/// A route that is known at the start is set as the context attribute `route`, and so reaches logs, queries
/// and metrics too; for a gRPC call it is the method.
///
/// # Rules that panic
/// A filter, peer, probe, route or trust that panics is counted by `trilha.panics`, and the request is served: it is
/// traced, has no such address or route, is no probe, and is a stranger's.
#[derive(Clone, Debug, Default)]
pub struct ServerTraceLayer {
    settings: Arc<Settings>,
}

impl ServerTraceLayer {
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

    /// Whether callers are believed, whoever they are. The later one of this and
    /// [`trust_by`](Self::trust_by) counts. Defaults to [`Handle::trust`] of the caller's
    /// [address](Self::peer).
    #[must_use]
    pub fn trust(self, trust: Trust) -> Self {
        self.trust_by(move |_| trust)
    }

    /// Whether the caller of a request is believed. The later one of this and [`trust`](Self::trust)
    /// counts. Defaults to [`Handle::trust`] of the caller's [address](Self::peer).
    ///
    /// The rule must stand on what a stranger cannot send: what a layer above left in the extensions, a
    /// listener of its own; never a header that nobody checked.
    ///
    /// ```
    /// use trilha_core::Trust;
    ///
    /// /// What the layer that ends mutual TLS leaves in a request.
    /// #[derive(Clone)]
    /// struct Certificate;
    ///
    /// let layer = trilha_tower::ServerTraceLayer::new().trust_by(|request| {
    ///     match request.extensions.get::<Certificate>() {
    ///         Some(_) => Trust::Internal,
    ///         None => Trust::Edge,
    ///     }
    /// });
    /// ```
    #[must_use]
    pub fn trust_by<F>(self, trust: F) -> Self
    where
        F: Fn(&Parts) -> Trust + Send + Sync + 'static,
    {
        self.set(|settings| settings.trust = Some(Arc::new(trust)))
    }

    /// The caller's address, by which it is [believed](#trust), and under which broken propagation is
    /// counted. `None` is an address that nobody knows: no other is looked for then. Defaults to axum's
    /// `ConnectInfo<SocketAddr>` with the feature `axum`, else to `None`.
    ///
    /// A tonic server knows it by its own name:
    ///
    /// ```
    /// use tonic::transport::server::TcpConnectInfo;
    ///
    /// let layer = trilha_tower::ServerTraceLayer::grpc().peer(|request| {
    ///     let connection: &TcpConnectInfo = request.extensions.get()?;
    ///     Some(connection.remote_addr()?.ip())
    /// });
    /// ```
    ///
    /// Behind a proxy, the connection's address is the proxy's. `X-Forwarded-For` is not read by
    /// default, since everybody can send it. One's own proxy appends the address that it saw itself, so
    /// that only the *last* one is to be believed, and only where all connections come from that proxy:
    ///
    /// ```
    /// let layer = trilha_tower::ServerTraceLayer::new().peer(|request| {
    ///     let last = request.headers.get_all("x-forwarded-for").iter().next_back()?;
    ///     last.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
    /// });
    /// ```
    ///
    /// - **Cardinality:** at most 64 addresses on the metric; no span gets one.
    /// - **PII:** none: only private addresses are told, any other is `public`.
    #[must_use]
    pub fn peer<F>(self, peer: F) -> Self
    where
        F: Fn(&Parts) -> Option<IpAddr> + Send + Sync + 'static,
    {
        self.set(|settings| settings.peer = Some(Arc::new(peer)))
    }

    /// Which requests are probes and scrapes: they have no trace and need none, and are not counted as
    /// broken propagation. Asked of those that have none. They are traced all the same; to leave them out, use [`filter`](Self::filter).
    /// Defaults to [`is_probe`](super::is_probe).
    ///
    /// ```
    /// use trilha_tower::server::is_probe;
    ///
    /// let layer = trilha_tower::ServerTraceLayer::new()
    ///     .probe(|request| is_probe(request) || request.uri.path() == "/actuator/health");
    /// ```
    #[must_use]
    pub fn probe<F>(self, probe: F) -> Self
    where
        F: Fn(&Parts) -> bool + Send + Sync + 'static,
    {
        self.set(|settings| settings.probe = Some(Arc::new(probe)))
    }

    /// The route of an HTTP request: a template such as `/orders/{id}`, never the path itself. Where it
    /// gives none, axum's is asked for. Defaults to none.
    ///
    /// ```
    /// # use std::borrow::Cow;
    /// # #[derive(Clone)] struct Endpoint { template: &'static str }
    /// let layer = trilha_tower::ServerTraceLayer::new()
    ///     .route(|request| request.extensions.get().map(|endpoint: &Endpoint| endpoint.template.into()));
    /// ```
    #[must_use]
    pub fn route<F>(self, route: F) -> Self
    where
        F: Fn(&Parts) -> Option<Cow<'_, str>> + Send + Sync + 'static,
    {
        self.set(|settings| settings.route = Some(Arc::new(route)))
    }

    /// Which requests are traced. One that is not passes untouched: no span, no metric, no header, and
    /// what it calls starts traces of its own. Defaults to all.
    #[must_use]
    pub fn filter<F>(self, filter: F) -> Self
    where
        F: Fn(&Parts) -> bool + Send + Sync + 'static,
    {
        self.set(|settings| settings.filter = Some(Arc::new(filter)))
    }

    /// Whether the response names its trace, by `Server-Timing: traceparent;desc="00-…"` beside what the
    /// service puts there; in a gRPC call this is metadata. Without a trace there is none. Defaults to
    /// true.
    ///
    /// Specification: [W3C Server Timing](https://www.w3.org/TR/2023/WD-server-timing-20230411/).
    #[must_use]
    pub fn server_timing(self, enabled: bool) -> Self {
        self.set(|settings| settings.server_timing = enabled)
    }

    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }
}

impl<S> Layer<S> for ServerTraceLayer {
    type Service = ServerTrace<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ServerTrace::new(inner, self.settings.clone())
    }
}

#[derive(Clone)]
pub(super) struct Settings {
    pub(super) handle: Option<Handle>,
    trust: Option<Rule<Trust>>,
    peer: Option<Rule<Option<IpAddr>>>,
    probe: Option<Rule<bool>>,
    pub(super) is_grpc: bool,
    route: Option<Route>,
    filter: Option<Rule<bool>>,
    pub(super) server_timing: bool,
}

impl Settings {
    /// Whether there is a rule that is asked of each request.
    pub(super) fn has_rules(&self) -> bool {
        let Self { trust, peer, probe, route, filter, .. } = self;
        trust.is_some() || peer.is_some() || probe.is_some() || route.is_some() || filter.is_some()
    }

    /// Whether nobody would expect a trace of the request.
    pub(super) fn is_probe(&self, request: Head<'_>) -> bool {
        let handle = || Handle::resolve(self.handle.as_ref());
        match (&self.probe, request.parts) {
            (Some(probe), Some(parts)) => ask(&handle(), Callback::Probe, || probe(parts)).unwrap_or(false),
            _ => looks_like_probe(request),
        }
    }

    /// Whether the request is traced.
    pub(super) fn is_wanted(&self, request: Head<'_>, handle: &Handle) -> bool {
        let Some((filter, parts)) = self.filter.as_ref().zip(request.parts) else { return true };
        ask(handle, Callback::Filter, || filter(parts)).unwrap_or(true)
    }

    /// The route that the program's rule gives.
    pub(super) fn route<'a>(&self, request: Head<'a>, handle: &Handle) -> Option<Cow<'a, str>> {
        let (route, parts) = self.route.as_ref().zip(request.parts)?;
        ask(handle, Callback::Route, || route(parts)).flatten()
    }

    /// What the program's rule says of the caller, where there is one.
    pub(super) fn trust(&self, request: Head<'_>, handle: &Handle) -> Option<Trust> {
        let (trust, parts) = self.trust.as_ref().zip(request.parts)?;
        Some(ask(handle, Callback::Trust, || trust(parts)).unwrap_or(Trust::Edge))
    }

    /// The caller's address by the program's rule, where there is one.
    pub(super) fn peer(&self, request: Head<'_>, handle: &Handle) -> Option<Option<IpAddr>> {
        let (peer, parts) = self.peer.as_ref().zip(request.parts)?;
        Some(ask(handle, Callback::Peer, || peer(parts)).flatten())
    }
}

/// Asks a rule of the program's. Whatever it does, the request is served.
fn ask<T>(handle: &Handle, callback: Callback, rule: impl FnOnce() -> T) -> Option<T> {
    handle.stats().panics().fence(callback, rule)
}

type Rule<T> = Arc<dyn Fn(&Parts) -> T + Send + Sync>;
type Route = Arc<dyn Fn(&Parts) -> Option<Cow<'_, str>> + Send + Sync>;

impl Default for Settings {
    fn default() -> Self {
        Self {
            handle: None,
            trust: None,
            peer: None,
            probe: None,
            is_grpc: false,
            route: None,
            filter: None,
            server_timing: true,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("handle", &self.handle)
            .field("is_grpc", &self.is_grpc)
            .field("server_timing", &self.server_timing)
            .finish_non_exhaustive()
    }
}
