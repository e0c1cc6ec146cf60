//! The operation of a request that is served.
//!
//! Specification: semantic conventions for [HTTP spans 1.37](https://github.com/open-telemetry/semantic-conventions/blob/v1.37.0/docs/http/http-spans.md#http-server-span);
//! those of gRPC are today's names for what was not stable there.

use std::borrow::Cow;

use http::HeaderValue;
use opentelemetry::Context;
use trilha_core::{
    CarrierKind, Handle, Operation, OperationBuilder, SpanKind,
    http::{Headers, known_method, original_method, protocol_version},
    recorder::{Say, Value},
    schema::Key,
};

use super::{
    fields::Fields,
    head::Head,
    layer::Settings,
    routes::{Kind, Route},
    sender::Sender,
};
use crate::{
    SCOPE,
    exchange::{Protocol, Side, Traced},
    grpc,
    instruments::ServerInstruments,
    request::{Known, Server, bounded, text},
};

const MAX_PATH: usize = 1024;
const MAX_USER_AGENT: usize = 256;

/// The context in which a layer traces a request, for another layer further in.
#[derive(Clone)]
pub(super) struct Served(Context);

impl Served {
    pub(super) fn by(traced: &Traced) -> Self {
        Self(traced.context())
    }
}

/// Starts the operation, unless the request is filtered out, or a layer further out serves it already
/// for the same service. Under a layer of another service it is that one's child.
pub(super) fn start(settings: &Settings, request: Head<'_>) -> Option<Traced> {
    let handle = Handle::resolve(settings.handle.as_ref());
    if !settings.is_wanted(request, &handle) {
        return None;
    }
    let fields = Fields::of(request.headers);
    let origin = match request.extensions.get::<Served>() {
        Some(Served(outer)) if Handle::of(outer).is_same(&handle) => return None,
        Some(Served(outer)) => Origin::Outer(outer.clone()),
        None => Origin::Sender(Sender::of(request, settings, &handle)),
    };
    Some(match settings.is_grpc || grpc::is_grpc(fields.content_type) {
        true => start_grpc(settings, handle, request, &fields, &origin),
        false => start_http(settings, handle, request, &fields, &origin),
    })
}

/// Where a request comes from.
enum Origin {
    Sender(Sender),
    /// A layer of another service, further out in the same process.
    Outer(Context),
}

impl Origin {
    #[inline]
    fn extract<'a>(
        &'a self,
        builder: OperationBuilder<'a>,
        carrier: &'a Headers<'_>,
        is_probe: &'a dyn Fn() -> bool,
    ) -> OperationBuilder<'a> {
        match self {
            Self::Sender(sender) => sender.extract(builder, carrier, is_probe),
            Self::Outer(context) => builder.parent(context),
        }
    }

    /// Whether the response names the trace: the outermost layer does.
    fn names_trace(&self, settings: &Settings) -> bool {
        settings.server_timing && matches!(self, Self::Sender(_))
    }
}

fn start_http(
    settings: &Settings,
    handle: Handle,
    request: Head<'_>,
    fields: &Fields<'_>,
    origin: &Origin,
) -> Traced {
    let kind = Kind { method: request.method, scheme: scheme(request, fields), version: request.version };
    let route = Route::new(kind, template(settings, &handle, request));
    let scope = SCOPE;
    let instruments = handle.instruments::<ServerInstruments>();
    let builder = Operation::builder(&scope, route.name(), SpanKind::Server)
        .handle(handle)
        .opening(route.opening())
        .duration(instruments.as_deref().map(|it| &it.http_duration));
    let is_probe = || settings.is_probe(request);
    let builder = origin.extract(builder, &fields.carrier, &is_probe);
    let mut operation = builder.start_described(&|say| describe(request, fields, kind, &route, say));
    if instruments.is_some() {
        let dimensions = [
            ("http.request.method", Some(known_method(kind.method).into())),
            ("url.scheme", Some(kind.scheme.into())),
            ("network.protocol.version", protocol_version(kind.version).map(Into::into)),
            ("http.route", route.dimension()),
        ];
        operation.add_dimensions(dimensions.into_iter().filter_map(|(key, value)| Some((key, value?))));
    }
    if let Some(span) = operation.span() {
        route.tell(span.attributes());
    }
    let side = Side::Server {
        names_trace: origin.names_trace(settings),
        is_route_open: route.template().is_none() && operation.attributes().value(Key::Route).is_none(),
        _active: instruments
            .map(|instruments| instruments.active_request(known_method(kind.method), kind.scheme)),
    };
    Traced::new(operation, side, Protocol::Http { method: request.method.clone() })
}

/// What the span alone gets.
fn describe<'a>(
    request: Head<'a>,
    fields: &Fields<'a>,
    kind: Kind<'_>,
    route: &'a Route<'_>,
    say: &mut Say<'_, 'a>,
) {
    route.describe(kind, say);
    let server = Server::named(request.uri, fields.host);
    let mut say = |key, value: Option<Value<'a>>| value.into_iter().for_each(|value| say(key, value));
    say("http.request.method_original", original_method(request.method).map(Value::Str));
    say("url.path", Some(Value::Str(bounded(request.uri.path(), MAX_PATH))));
    say("server.address", server.address.map(Value::Str));
    say("server.port", server.port.map(Value::from));
    say("user_agent.original", fields.user_agent.and_then(user_agent).map(Value::Str));
}

fn start_grpc(
    settings: &Settings,
    handle: Handle,
    request: Head<'_>,
    fields: &Fields<'_>,
    origin: &Origin,
) -> Traced {
    let method = grpc::method(request.uri.path());
    let server = Server::named(request.uri, fields.host);
    let mut known = Known::default();
    known.dimension(grpc::RPC_SYSTEM_NAME, Some(grpc::SYSTEM));
    known.dimension(grpc::RPC_METHOD, Some(method.unwrap_or(grpc::OTHER)));
    known.attribute("server.address", server.address);
    known.attribute("server.port", server.port);
    let scope = SCOPE;
    let instruments = handle.instruments::<ServerInstruments>();
    let builder = Operation::builder(&scope, method.unwrap_or(grpc::SYSTEM), SpanKind::Server)
        .handle(handle)
        .attributes(known.for_span())
        .dimensions(known.for_metrics())
        .duration(instruments.as_deref().map(|it| &it.rpc_duration));
    let carrier = fields.carrier.of_kind(CarrierKind::Grpc);
    let is_probe = || settings.is_probe(request);
    let operation = origin.extract(builder, &carrier, &is_probe).start();
    if let Some(method) = method {
        operation.attributes().route(method);
    }
    let names_trace = origin.names_trace(settings);
    let side = Side::Server { names_trace, is_route_open: false, _active: None };
    Traced::new(operation, side, Protocol::Grpc { method: method.map(Into::into), status: None })
}

fn template<'a>(settings: &Settings, handle: &Handle, request: Head<'a>) -> Option<Cow<'a, str>> {
    settings.route(request, handle).or_else(|| matched_path(request))
}

#[cfg(feature = "axum")]
fn matched_path(request: Head<'_>) -> Option<Cow<'_, str>> {
    let path = request.extensions.get::<axum::extract::MatchedPath>()?;
    Some(path.as_str().into())
}

#[cfg(not(feature = "axum"))]
fn matched_path(_: Head<'_>) -> Option<Cow<'_, str>> {
    None
}

/// The caller's scheme: one of two, since it is a dimension and the caller says it. Behind a proxy that
/// ends TLS, only the proxy knows.
fn scheme(request: Head<'_>, fields: &Fields<'_>) -> &'static str {
    let forwarded = fields.forwarded_proto.and_then(text);
    let first = forwarded.and_then(|value| value.split(',').next()).map(str::trim);
    match first.or_else(|| request.uri.scheme_str()) {
        Some(scheme) if scheme.eq_ignore_ascii_case("https") => "https",
        _ => "http",
    }
}

fn user_agent(value: &HeaderValue) -> Option<&str> {
    Some(bounded(text(value)?, MAX_USER_AGENT))
}
