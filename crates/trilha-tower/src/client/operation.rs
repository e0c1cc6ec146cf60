//! The operation of a request that is sent.
//!
//! Specification: semantic conventions for [HTTP spans 1.37](https://github.com/open-telemetry/semantic-conventions/blob/v1.37.0/docs/http/http-spans.md#http-client-span);
//! those of gRPC are today's names for what was not stable there.

use http::{header::CONTENT_TYPE, request::Parts};
use trilha_core::{
    CarrierKind, Handle, Operation, Recipient, SpanKind,
    http::{HeadersMut, host, known_method, original_method, port, redacted_url, span_name},
};

use super::{UrlTemplate, layer::Settings};
use crate::{
    SCOPE,
    exchange::{Protocol, Side, Traced},
    grpc,
    instruments::ClientInstruments,
    request::{Known, Server},
};

/// Starts the operation, and puts its context into the request.
pub(super) fn start(settings: &Settings, request: &mut Parts) -> Traced {
    let handle = Handle::resolve(settings.handle.as_ref());
    let (kind, (operation, protocol)) =
        match settings.is_grpc || grpc::is_grpc(request.headers.get(CONTENT_TYPE)) {
            true => (CarrierKind::Grpc, start_grpc(settings, handle, request)),
            false => (CarrierKind::Http, start_http(settings, handle, request)),
        };
    let recipient = match (host(&request.uri), &settings.server) {
        (Some(host), _) => Recipient::Host(host),
        (None, Some((address, _))) => Recipient::Host(address),
        (None, None) => Recipient::Unknown,
    };
    operation.inject(&mut HeadersMut::new(&mut request.headers, kind), recipient);
    Traced::new(operation, Side::Client, protocol)
}

fn start_http(settings: &Settings, handle: Handle, request: &Parts) -> (Operation, Protocol) {
    let template = request.extensions.get::<UrlTemplate>().map(UrlTemplate::as_str);
    let url = redacted_url(&request.uri);
    let server = called_server(settings, request);
    let mut known = Known::default();
    known.dimension("http.request.method", Some(known_method(&request.method)));
    known.dimension("server.address", server.address);
    known.dimension("server.port", server.port);
    known.dimension("url.template", template);
    known.attribute("http.request.method_original", original_method(&request.method));
    known.attribute("url.full", Some(&url));
    let (scope, name) = (SCOPE, span_name(&request.method, template));
    let instruments = handle.instruments::<ClientInstruments>();
    let builder = Operation::builder(&scope, &name, SpanKind::Client)
        .handle(handle)
        .attributes(known.for_span())
        .dimensions(known.for_metrics())
        .duration(instruments.as_deref().map(|it| &it.http_duration));
    (builder.start(), Protocol::Http { method: request.method.clone() })
}

fn start_grpc(settings: &Settings, handle: Handle, request: &Parts) -> (Operation, Protocol) {
    let method = grpc::method(request.uri.path());
    let server = called_server(settings, request);
    let mut known = Known::default();
    known.dimension(grpc::RPC_SYSTEM_NAME, Some(grpc::SYSTEM));
    known.dimension(grpc::RPC_METHOD, Some(method.unwrap_or(grpc::OTHER)));
    known.dimension("server.address", server.address);
    known.dimension("server.port", server.port);
    let scope = SCOPE;
    let instruments = handle.instruments::<ClientInstruments>();
    let builder = Operation::builder(&scope, method.unwrap_or(grpc::SYSTEM), SpanKind::Client)
        .handle(handle)
        .attributes(known.for_span())
        .dimensions(known.for_metrics())
        .duration(instruments.as_deref().map(|it| &it.rpc_duration));
    (builder.start(), Protocol::Grpc { method: method.map(Into::into), status: None })
}

fn called_server<'a>(settings: &'a Settings, request: &'a Parts) -> Server<'a> {
    match (host(&request.uri), &settings.server) {
        (None, Some((address, port))) => Server { address: Some(address), port: Some(*port) },
        (address, _) => Server { address, port: port(&request.uri) },
    }
}
