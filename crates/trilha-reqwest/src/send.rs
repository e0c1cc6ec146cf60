//! One request, from its start to the headers of its response.

use std::{future::Future, time::Instant};

use http::Uri;
use opentelemetry::{
    Context,
    context::FutureExt,
    metrics::{Histogram, Meter},
    trace::TraceContextExt,
};
use reqwest::{Method, Request};
use trilha_core::{
    CarrierKind, DURATION_BOUNDARIES, Handle, Instruments, Operation, Outcome, Recipient, Scope, SpanKind,
    current, duration_histogram,
    http::{
        HeadersMut, host, known_method, original_method, port, protocol_version, redacted_url, span_name,
    },
    recorder::Attribute,
};

use crate::{
    Response, SCOPE,
    body::BodyEnd,
    error::error_type,
    redirect::{Barrier, Redirects},
};

/// How a request is sent.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) handle: Option<Handle>,
    pub(crate) template: Option<String>,
    pub(crate) is_traced: bool,
    pub(crate) redirects: Redirects,
}

impl Settings {
    pub(crate) fn new(redirects: Redirects) -> Self {
        Self { handle: None, template: None, is_traced: true, redirects }
    }

    /// A future that is spawned as a task finds no trace there: it keeps that of this call.
    pub(crate) fn send(
        self,
        client: reqwest::Client,
        request: Request,
    ) -> impl Future<Output = reqwest::Result<Response>> {
        let made_in = current::context();
        async move {
            if !self.is_traced {
                let response = client.execute(request).await?;
                let end = BodyEnd::new(None, response.status());
                return Ok(Response::new(response, end));
            }
            let context = match current::context() {
                current if current.has_active_span() || current.is_telemetry_suppressed() => current,
                _ => made_in,
            };
            self.send_traced(&client, request, &context).await
        }
    }

    async fn send_traced(
        &self,
        client: &reqwest::Client,
        mut request: Request,
        context: &Context,
    ) -> reqwest::Result<Response> {
        let started = Instant::now();
        let mut operation = self.start(context, &request);
        inject(&operation, &mut request, self.redirects);
        let barrier = match self.redirects {
            Redirects::Judged => Barrier::of(&request, &operation),
            Redirects::Unknown | Redirects::Trusted => None,
        };
        let Some(barrier) = barrier else {
            let sent = operation.drive(client.execute(request)).await;
            return received(operation, sent);
        };
        let again = request.try_clone();
        let behind_it = operation.context().with_value(barrier.clone());
        let sent = operation.drive(client.execute(request).with_context(behind_it)).await;
        let response = received(operation, sent)?;
        let Some(mut request) = again.filter(|request| barrier.asks_again(request)) else {
            return Ok(response);
        };
        drop(response);
        if let Some(timeout) = request.timeout_mut() {
            *timeout = timeout.saturating_sub(started.elapsed());
        }
        let mut operation = self.start(context, &request);
        operation.set_attribute("http.request.resend_count", 1);
        inject(&operation, &mut request, Redirects::Unknown);
        let sent = operation.drive(client.execute(request)).await;
        received(operation, sent)
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
        let instruments = handle.instruments::<ClientInstruments>();
        Operation::builder(&SCOPE, &span_name(method, template), SpanKind::Client)
            .handle(handle)
            .parent(context)
            .attributes(&attributes)
            .dimensions(&dimensions)
            .duration(instruments.as_deref().map(|it| &it.duration))
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

fn inject(operation: &Operation, request: &mut Request, redirects: Redirects) {
    let host = request.url().host_str().map(str::to_owned);
    let recipient = match (&host, redirects) {
        (Some(host), Redirects::Judged | Redirects::Trusted) => Recipient::Host(host),
        _ => Recipient::Unknown,
    };
    operation.inject(&mut HeadersMut::new(request.headers_mut(), CarrierKind::Http), recipient);
}

fn received(mut operation: Operation, sent: reqwest::Result<reqwest::Response>) -> reqwest::Result<Response> {
    let response = match sent {
        Ok(response) => response,
        Err(error) => {
            operation.finish(Outcome::Error(error_type(&error)));
            return Err(error);
        }
    };
    operation.set_dimension("http.response.status_code", response.status().as_u16());
    if let Some(version) = protocol_version(response.version()) {
        operation.set_dimension("network.protocol.version", version);
    }
    let mut end = BodyEnd::new(Some(operation), response.status());
    if response.content_length() == Some(0) {
        end.finish(); // nothing follows: no need to wait until the response is dropped
    }
    Ok(Response::new(response, end))
}

struct ClientInstruments {
    duration: Histogram<f64>,
}

impl Instruments for ClientInstruments {
    const SCOPE: Scope = SCOPE;

    fn create(meter: &Meter) -> Self {
        let (name, description) = ("http.client.request.duration", "Duration of HTTP client requests.");
        Self { duration: duration_histogram(meter, name, description, &DURATION_BOUNDARIES) }
    }
}
