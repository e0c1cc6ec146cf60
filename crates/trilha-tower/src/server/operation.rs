//! The operation of a request that is served.
//!
//! Specification: semantic conventions for [HTTP spans 1.37](https://github.com/open-telemetry/semantic-conventions/blob/v1.37.0/docs/http/http-spans.md#http-server-span);
//! those of gRPC are today's names for what was not stable there.

use std::borrow::Cow;

use http::{header::USER_AGENT, request::Parts, uri::Authority};
use opentelemetry::Context;
use trilha_core::{
    CarrierKind, Handle, Operation, OperationBuilder, SpanKind,
    http::{Headers, known_method, original_method, protocol_version, span_name},
    recorder::Attribute,
    schema::Key,
};

use super::{layer::Settings, sender::Sender};
use crate::{
    SCOPE,
    exchange::{Exchange, Protocol, Side},
    grpc,
    instruments::ServerInstruments,
    request::{Known, attribute, authority, bounded, server},
};

const MAX_PATH: usize = 1024;
const MAX_USER_AGENT: usize = 256;

/// What a layer leaves in a request that it traces, for another one further in.
#[derive(Clone)]
struct Served {
    by: Handle,
    context: Context,
}

/// Starts the operation, unless the request is filtered out, or a layer further out serves it already
/// for the same service. Under a layer of another service it is that one's child.
pub(super) fn start(settings: &Settings, request: &mut Parts) -> Option<Exchange> {
    if settings.filter.as_ref().is_some_and(|is_wanted| !is_wanted(request)) {
        return None;
    }
    let handle = Handle::resolve(settings.handle.as_ref());
    if request.extensions.get::<Served>().is_some_and(|outer| outer.by.is_same(&handle)) {
        return None;
    }
    let origin = match request.extensions.get::<Served>() {
        Some(outer) => Origin::Outer(outer.context.clone()),
        None => Origin::Sender(Sender::of(request, settings, &handle)),
    };
    let exchange = match settings.is_grpc || grpc::is_grpc(&request.headers) {
        true => start_grpc(settings, handle.clone(), request, &origin),
        false => start_http(settings, handle.clone(), request, &origin),
    };
    request.extensions.insert(Served { by: handle, context: exchange.context() });
    Some(exchange)
}

/// Where a request comes from.
enum Origin {
    Sender(Sender),
    /// A layer of another service, further out in the same process.
    Outer(Context),
}

impl Origin {
    fn extract<'a>(
        &'a self,
        builder: OperationBuilder<'a>,
        headers: &'a Headers<'_>,
    ) -> OperationBuilder<'a> {
        match self {
            Self::Sender(sender) => sender.extract(builder, headers),
            Self::Outer(context) => builder.parent(context),
        }
    }

    /// Whether the response names the trace: the outermost layer does.
    fn names_trace(&self, settings: &Settings) -> bool {
        settings.server_timing && matches!(self, Self::Sender(_))
    }
}

fn start_http(settings: &Settings, handle: Handle, request: &Parts, origin: &Origin) -> Exchange {
    let method = known_method(&request.method);
    let scheme = scheme(request);
    let route = route(settings, request);
    let authority = authority(request);
    let [address, port] = named_server(authority.as_deref());
    let known = Known::dimensions([
        Some(("http.request.method", method.into())),
        Some(("url.scheme", scheme.into())),
        attribute("http.route", route.as_deref()),
        attribute("network.protocol.version", protocol_version(request.version)),
    ])
    .and([
        attribute("http.request.method_original", original_method(&request.method)),
        Some(("url.path", bounded(request.uri.path(), MAX_PATH).into())),
        address,
        port,
        attribute("user_agent.original", user_agent(request)),
    ]);
    let instruments = handle.instruments::<ServerInstruments>();
    let name = span_name(&request.method, route.as_deref());
    let scope = SCOPE;
    let builder = Operation::builder(&scope, &name, SpanKind::Server)
        .handle(handle)
        .attributes(known.for_span())
        .dimensions(known.for_metrics())
        .duration(&instruments.http_duration);
    let headers = Headers::new(&request.headers, CarrierKind::Http);
    let operation = origin.extract(builder, &headers).start();
    if let Some(route) = &route {
        operation.attributes().matched_route(route);
    }
    let side = Side::Server {
        server_timing: origin.names_trace(settings),
        is_route_open: route.is_none() && operation.attributes().value(Key::Route).is_none(),
        _active: Some(instruments.active_request(method, scheme)),
    };
    Exchange::new(operation, side, Protocol::Http { method: request.method.clone() })
}

fn start_grpc(settings: &Settings, handle: Handle, request: &Parts, origin: &Origin) -> Exchange {
    let method = grpc::method(request.uri.path());
    let authority = authority(request);
    let [address, port] = named_server(authority.as_deref());
    let known = Known::dimensions([
        Some((grpc::RPC_SYSTEM_NAME, grpc::SYSTEM.into())),
        Some((grpc::RPC_METHOD, method.unwrap_or(grpc::OTHER).into())),
    ])
    .and([address, port]);
    let instruments = handle.instruments::<ServerInstruments>();
    let scope = SCOPE;
    let builder = Operation::builder(&scope, method.unwrap_or(grpc::SYSTEM), SpanKind::Server)
        .handle(handle)
        .attributes(known.for_span())
        .dimensions(known.for_metrics())
        .duration(&instruments.rpc_duration);
    let headers = Headers::new(&request.headers, CarrierKind::Grpc);
    let operation = origin.extract(builder, &headers).start();
    if let Some(method) = method {
        operation.attributes().route(method);
    }
    let server_timing = origin.names_trace(settings);
    let side = Side::Server { server_timing, is_route_open: false, _active: None };
    Exchange::new(operation, side, Protocol::Grpc { method: method.map(Into::into), status: None })
}

fn named_server(authority: Option<&Authority>) -> [Option<Attribute<'_>>; 2] {
    // An address of version 6 has brackets in a URI alone.
    let address = authority.map(|named| named.host().trim_start_matches('[').trim_end_matches(']'));
    server(address, authority.and_then(Authority::port_u16))
}

fn route<'a>(settings: &Settings, request: &'a Parts) -> Option<Cow<'a, str>> {
    settings.route.as_ref().and_then(|route| route(request)).or_else(|| matched_path(request))
}

#[cfg(feature = "axum")]
fn matched_path(request: &Parts) -> Option<Cow<'_, str>> {
    let path = request.extensions.get::<axum::extract::MatchedPath>()?;
    Some(path.as_str().into())
}

#[cfg(not(feature = "axum"))]
fn matched_path(_: &Parts) -> Option<Cow<'_, str>> {
    None
}

/// The caller's scheme: one of two, since it is a dimension and the caller says it. Behind a proxy that
/// ends TLS, only the proxy knows.
fn scheme(request: &Parts) -> &'static str {
    let forwarded = request.headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok());
    let first = forwarded.and_then(|value| value.split(',').next()).map(str::trim);
    match first.or_else(|| request.uri.scheme_str()) {
        Some(scheme) if scheme.eq_ignore_ascii_case("https") => "https",
        _ => "http",
    }
}

fn user_agent(request: &Parts) -> Option<&str> {
    let value = request.headers.get(USER_AGENT)?.to_str().ok()?;
    Some(bounded(value, MAX_USER_AGENT))
}
