//! One request, from its start to the headers of its response.

use std::future::Future;

use http::Uri;
use opentelemetry::{
    Context,
    metrics::{Histogram, Meter},
    trace::TraceContextExt,
};
use reqwest::{Method, Request};
use trilha_core::{
    CarrierKind, DURATION_BOUNDARIES, Handle, Instruments, Operation, Outcome, Recipient, Scope, SpanKind,
    http::{
        HeadersMut, host, known_method, original_method, port, protocol_version, redacted_url, span_name,
    },
    recorder::Attribute,
};

use crate::{Response, SCOPE, body::BodyEnd, error::error_type};

/// How a request is sent.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    handle: Option<Handle>,
    pub(crate) template: Option<String>,
    pub(crate) is_traced: bool,
}

impl Settings {
    pub(crate) fn traced(handle: Option<Handle>) -> Self {
        Self { handle, template: None, is_traced: true }
    }

    /// A future that is spawned as a task finds no trace there: it keeps that of this call.
    pub(crate) fn send(
        self,
        client: reqwest::Client,
        mut request: Request,
    ) -> impl Future<Output = reqwest::Result<Response>> {
        let made_in = Context::current();
        async move {
            if !self.is_traced {
                let response = client.execute(request).await?;
                let end = BodyEnd::new(None, response.status());
                return Ok(Response::new(response, end));
            }
            let context = match Context::current() {
                current if current.has_active_span() || current.is_telemetry_suppressed() => current,
                _ => made_in,
            };
            let mut operation = self.start(&context, &request);
            // A redirect could carry more to somebody else.
            operation
                .inject(&mut HeadersMut::new(request.headers_mut(), CarrierKind::Http), Recipient::Unknown);
            match operation.drive(client.execute(request)).await {
                Ok(response) => Ok(received(operation, response)),
                Err(error) => {
                    operation.finish(Outcome::Error(error_type(&error)));
                    Err(error)
                }
            }
        }
    }

    fn start(&self, context: &Context, request: &Request) -> Operation {
        let handle = Handle::resolve_in(context, self.handle.as_ref());
        let (method, template) = (request.method(), self.template.as_deref());
        let uri: Option<Uri> = request.url().as_str().parse().ok();
        let url = uri.as_ref().map(redacted_url);
        let dimensions = dimensions(method, uri.as_ref(), template);
        let mut attributes = dimensions.clone();
        attributes.extend(url.as_deref().map(|url| ("url.full", url.into())));
        attributes.extend(original_method(method).map(|name| ("http.request.method_original", name.into())));
        let duration = &handle.instruments::<ClientInstruments>().duration;
        Operation::builder(&SCOPE, &span_name(method, template), SpanKind::Client)
            .handle(handle)
            .parent(context)
            .attributes(&attributes)
            .dimensions(&dimensions)
            .duration(duration)
            .start()
    }
}

fn dimensions<'a>(method: &Method, uri: Option<&'a Uri>, template: Option<&'a str>) -> Vec<Attribute<'a>> {
    let mut dimensions = vec![("http.request.method", known_method(method).into())];
    dimensions.extend(uri.and_then(host).map(|host| ("server.address", host.into())));
    dimensions.extend(uri.and_then(port).map(|port| ("server.port", port.into())));
    dimensions.extend(template.map(|template| ("url.template", template.into())));
    dimensions
}

fn received(mut operation: Operation, response: reqwest::Response) -> Response {
    operation.set_dimension("http.response.status_code", response.status().as_u16());
    if let Some(version) = protocol_version(response.version()) {
        operation.set_dimension("network.protocol.version", version);
    }
    let mut end = BodyEnd::new(Some(operation), response.status());
    if response.content_length() == Some(0) {
        end.finish(); // nothing follows: no need to wait until the response is dropped
    }
    Response::new(response, end)
}

struct ClientInstruments {
    duration: Histogram<f64>,
}

impl Instruments for ClientInstruments {
    const SCOPE: Scope = SCOPE;

    fn create(meter: &Meter) -> Self {
        let duration = meter
            .f64_histogram("http.client.request.duration")
            .with_unit("s")
            .with_description("Duration of HTTP client requests.")
            .with_boundaries(DURATION_BOUNDARIES.to_vec())
            .build();
        Self { duration }
    }
}
