//! The operation of a request that is sent.
//!
//! Specification: semantic conventions for [HTTP spans 1.37](https://github.com/open-telemetry/semantic-conventions/blob/v1.37.0/docs/http/http-spans.md#http-client-span);
//! those of gRPC are today's names for what was not stable there.

use http::request::Parts;
use trilha_core::{
    CarrierKind, Handle, Operation, Recipient, SpanKind,
    http::{HeadersMut, host, known_method, original_method, port, redacted_url, span_name},
    recorder::Attribute,
};

use super::{UrlTemplate, layer::Settings};
use crate::{
    SCOPE,
    exchange::{Exchange, Protocol, Side},
    grpc,
    instruments::ClientInstruments,
    request::{Known, attribute, server},
};

/// Starts the operation, and puts its context into the request.
pub(super) fn start(settings: &Settings, request: &mut Parts) -> Exchange {
    let handle = Handle::resolve(settings.handle.as_ref());
    let (kind, exchange) = match settings.is_grpc || grpc::is_grpc(&request.headers) {
        true => (CarrierKind::Grpc, start_grpc(settings, handle, request)),
        false => (CarrierKind::Http, start_http(settings, handle, request)),
    };
    let recipient = match (host(&request.uri), &settings.server) {
        (Some(host), _) => Recipient::Host(host),
        (None, Some((address, _))) => Recipient::Host(address),
        (None, None) => Recipient::Unknown,
    };
    exchange.inject(&mut HeadersMut::new(&mut request.headers, kind), recipient);
    exchange
}

fn start_http(settings: &Settings, handle: Handle, request: &Parts) -> Exchange {
    let template = request.extensions.get::<UrlTemplate>().map(UrlTemplate::as_str);
    let url = redacted_url(&request.uri);
    let [address, port] = called_server(settings, request);
    let known = Known::dimensions([
        Some(("http.request.method", known_method(&request.method).into())),
        address,
        port,
        attribute("url.template", template),
    ])
    .and([
        attribute("http.request.method_original", original_method(&request.method)),
        Some(("url.full", (&url).into())),
    ]);
    let instruments = handle.instruments::<ClientInstruments>();
    let operation = Operation::builder(&SCOPE, &span_name(&request.method, template), SpanKind::Client)
        .handle(handle)
        .attributes(known.for_span())
        .dimensions(known.for_metrics())
        .duration(&instruments.http_duration)
        .start();
    Exchange::new(operation, Side::Client, Protocol::Http { method: request.method.clone() })
}

fn start_grpc(settings: &Settings, handle: Handle, request: &Parts) -> Exchange {
    let method = grpc::method(request.uri.path());
    let [address, port] = called_server(settings, request);
    let known = Known::dimensions([
        Some((grpc::RPC_SYSTEM_NAME, grpc::SYSTEM.into())),
        Some((grpc::RPC_METHOD, method.unwrap_or(grpc::OTHER).into())),
        address,
        port,
    ]);
    let instruments = handle.instruments::<ClientInstruments>();
    let operation = Operation::builder(&SCOPE, method.unwrap_or(grpc::SYSTEM), SpanKind::Client)
        .handle(handle)
        .attributes(known.for_span())
        .dimensions(known.for_metrics())
        .duration(&instruments.rpc_duration)
        .start();
    Exchange::new(operation, Side::Client, Protocol::Grpc { method: method.map(Into::into), status: None })
}

fn called_server<'a>(settings: &'a Settings, request: &'a Parts) -> [Option<Attribute<'a>>; 2] {
    match (host(&request.uri), &settings.server) {
        (None, Some((address, port))) => server(Some(address), Some(*port)),
        (host, _) => server(host, port(&request.uri)),
    }
}
