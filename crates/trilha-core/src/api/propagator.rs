//! Trace and baggage in the headers of foreign code, by our own codecs.
//!
//! Specification: [OpenTelemetry, propagators API](https://opentelemetry.io/docs/specs/otel/context/api-propagators/).

use opentelemetry::{
    Context,
    propagation::{Extractor, Injector, TextMapPropagator, text_map_propagator::FieldIter},
};

use crate::{
    Handle,
    carrier::{Carrier, CarrierKind, CarrierMut},
    operation::Arrival,
    propagation::{Format, inject_by},
    trust::Recipient,
};

/// The propagation of a [`Handle`], for code that reads and writes headers through the OpenTelemetry API.
///
/// What is read becomes a remote parent and the API's baggage, `context.baggage()`; what is written is the
/// trace and the baggage of a context, the API's included. Formats, bounds and counts are those of our own
/// adapters, and so is the strictness.
///
/// Foreign code does not say where its headers come from and where they go. So
/// - they count as an HTTP request's, where kinds of carrier are switched off;
/// - where the service is an [edge](Handle::is_edge), or lists its peers, nothing is believed: a trace is
///   continued by its id at most, where [strangers](crate::HandleBuilder::strangers) are treated so;
/// - baggage is sent only where [destinations](crate::Propagation::destinations) are everybody (`*`), and
///   withheld and counted otherwise.
///
/// A header cannot be removed: an [`Injector`] only sets.
///
/// - **PII:** baggage is foreign; a member in which the [guard](crate::guard) finds something is not sent.
///
/// ```
/// use std::collections::HashMap;
/// use opentelemetry::{baggage::BaggageExt, propagation::TextMapPropagator};
/// use trilha_core::{Handle, api::ApiPropagator};
///
/// let propagator = ApiPropagator::new(Handle::disabled());
/// let headers = HashMap::from([("baggage".to_owned(), "tenant=acme".to_owned())]);
/// let context = propagator.extract(&headers);
/// assert_eq!(context.baggage().get("tenant").map(|value| value.as_str()), Some("acme"));
/// ```
#[derive(Clone, Debug)]
pub struct ApiPropagator {
    handle: Handle,
    fields: Vec<String>,
}

impl ApiPropagator {
    /// Propagates as `handle` does, and counts there.
    pub fn new(handle: Handle) -> Self {
        let written = Format::ALL.into_iter().filter(|format| handle.propagation().writes(*format));
        let fields = written
            .flat_map(|format| format.fields(CarrierKind::Http))
            .map(|field| (*field).to_owned())
            .collect();
        Self { handle, fields }
    }
}

impl TextMapPropagator for ApiPropagator {
    fn inject_context(&self, context: &Context, injector: &mut dyn Injector) {
        inject_by(&self.handle, context, &mut ForeignMut(injector), Recipient::Unknown);
    }

    fn extract_with_context(&self, context: &Context, extractor: &dyn Extractor) -> Context {
        Arrival::new(&Foreign(extractor), self.handle.trust(None)).in_context(context, &self.handle)
    }

    fn fields(&self) -> FieldIter<'_> {
        FieldIter::new(&self.fields)
    }
}

/// What foreign headers belong to, most of the time.
const KIND: CarrierKind = CarrierKind::Http;

/// Headers that foreign code reads from.
struct Foreign<'a>(&'a dyn Extractor);

impl Carrier for Foreign<'_> {
    fn kind(&self) -> CarrierKind {
        KIND
    }

    fn for_each(&self, key: &str, visit: &mut dyn FnMut(&[u8])) {
        for value in self.0.get_all(key).into_iter().flatten() {
            visit(value.as_bytes());
        }
    }
}

/// Headers that foreign code writes to. They cannot be read.
struct ForeignMut<'a>(&'a mut dyn Injector);

impl Carrier for ForeignMut<'_> {
    fn kind(&self) -> CarrierKind {
        KIND
    }

    fn for_each(&self, _: &str, _: &mut dyn FnMut(&[u8])) {}
}

impl CarrierMut for ForeignMut<'_> {
    fn set(&mut self, key: &'static str, value: &[u8]) -> bool {
        str::from_utf8(value).map(|value| self.0.set(key, value.to_owned())).is_ok()
    }

    fn remove(&mut self, _: &'static str) {}
}
