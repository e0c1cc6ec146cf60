//! HTTP headers as a carrier, also of gRPC, whose metadata they are.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::carrier::{Carrier, CarrierKind, CarrierMut};

/// Headers to read a context from.
///
/// The fields that are propagated are looked for once, in one pass over all: to look up each would cost more,
/// and most are not there.
#[derive(Debug)]
pub struct Headers<'a> {
    headers: &'a HeaderMap,
    kind: CarrierKind,
    /// By their place in [`NAMES`].
    found: [Option<&'a HeaderValue>; NAMES.len()],
    /// Whether a name stands there twice.
    has_repeated: bool,
}

impl<'a> Headers<'a> {
    /// The headers of a request of this kind.
    pub fn new(headers: &'a HeaderMap, kind: CarrierKind) -> Self {
        let mut found = [None; NAMES.len()];
        for (name, value) in headers {
            let name = name.as_str();
            // Most other names start with another letter.
            if matches!(name.as_bytes(), [b't' | b'b' | b'x', ..])
                && let Some(place) = place(name).and_then(|place| found.get_mut(place))
            {
                *place = Some(value);
            }
        }
        Self { headers, kind, found, has_repeated: headers.len() != headers.keys_len() }
    }
}

impl Carrier for Headers<'_> {
    fn kind(&self) -> CarrierKind {
        self.kind
    }

    fn for_each(&self, key: &str, visit: &mut dyn FnMut(&[u8])) {
        match place(key).and_then(|place| self.found.get(place)) {
            Some(None) => {}
            Some(Some(value)) if !self.has_repeated => visit(value.as_bytes()),
            _ => self.headers.get_all(key).iter().for_each(|value| visit(value.as_bytes())),
        }
    }
}

/// Headers to write a context to.
#[derive(Debug)]
pub struct HeadersMut<'a> {
    headers: &'a mut HeaderMap,
    kind: CarrierKind,
}

impl<'a> HeadersMut<'a> {
    /// The headers of a request of this kind.
    pub fn new(headers: &'a mut HeaderMap, kind: CarrierKind) -> Self {
        Self { headers, kind }
    }
}

impl Carrier for HeadersMut<'_> {
    fn kind(&self) -> CarrierKind {
        self.kind
    }

    fn for_each(&self, key: &str, visit: &mut dyn FnMut(&[u8])) {
        let values = match known_name(key) {
            Some(name) => self.headers.get_all(name),
            None => self.headers.get_all(key),
        };
        values.iter().for_each(|value| visit(value.as_bytes()));
    }
}

impl CarrierMut for HeadersMut<'_> {
    fn set(&mut self, key: &'static str, value: &[u8]) -> bool {
        if !value.is_ascii() {
            return false; // many a server reads no more
        }
        let Ok(value) = HeaderValue::from_bytes(value) else { return false };
        // A map that is full keeps what it has.
        match known_name(key) {
            Some(name) => self.headers.try_insert(name, value).is_ok(),
            None => HeaderName::from_bytes(key.as_bytes())
                .is_ok_and(|name| self.headers.try_insert(name, value).is_ok()),
        }
    }

    fn remove(&mut self, key: &'static str) {
        match known_name(key) {
            Some(name) => self.headers.remove(name),
            None => self.headers.remove(key),
        };
    }
}

fn known_name(key: &str) -> Option<&'static HeaderName> {
    NAMES.get(place(key)?)
}

macro_rules! names {
    ($($place:literal $name:literal)*) => {
        /// The names of the fields that are propagated. To make one of text costs more than to look it up, so
        /// each is made once.
        static NAMES: [HeaderName; [$($place),*].len()] = [$(HeaderName::from_static($name)),*];

        /// Where it stands in [`NAMES`].
        fn place(name: &str) -> Option<usize> {
            match name {
                $($name => Some($place),)*
                _ => None,
            }
        }
    };
}

names! {
    0 "traceparent" 1 "tracestate" 2 "baggage" 3 "x-correlation-id" 4 "x-request-id"
    5 "b3" 6 "x-b3-traceid" 7 "x-b3-spanid" 8 "x-b3-parentspanid" 9 "x-b3-sampled" 10 "x-b3-flags"
    11 "x-trace-id" 12 "x-span-id" 13 "x-parent-id"
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Handle, NoopRecorder, Operation, Recipient, Refusal, Scope, SpanKind, Trust};

    fn values(headers: &HeaderMap, key: &str) -> Vec<String> {
        let mut values = Vec::new();
        Headers::new(headers, CarrierKind::Http)
            .for_each(key, &mut |value| values.push(String::from_utf8_lossy(value).into_owned()));
        values
    }

    #[test]
    fn every_value_of_a_name_is_shown_in_order_known_or_not() {
        for key in ["tracestate", "x-own"] {
            let mut headers = HeaderMap::new();
            headers.append("host", HeaderValue::from_static("orders.example"));
            headers.append(HeaderName::from_static(key), HeaderValue::from_static("a=1"));
            assert_eq!(values(&headers, key), ["a=1"]);
            headers.append(HeaderName::from_static(key), HeaderValue::from_static("b=2"));
            assert_eq!(values(&headers, key), ["a=1", "b=2"]);
            assert!(values(&headers, "traceparent").is_empty());
        }
    }

    #[test]
    fn each_name_stands_at_its_place() {
        for (at, name) in NAMES.iter().enumerate() {
            assert_eq!(place(name.as_str()), Some(at));
        }
        assert_eq!(place("host"), None);
    }

    #[test]
    fn a_correlation_id_that_headers_cannot_hold_is_counted_and_the_trace_still_sent() {
        let scope = Scope::new("test", "");
        let handle = Handle::builder(Arc::new(NoopRecorder)).build();
        let caller = HeaderMap::from_iter([(
            HeaderName::from_static("traceparent"),
            HeaderValue::from_static("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        )]);
        let call = Operation::builder(&scope, "call", SpanKind::Client).handle(handle.clone());
        let call = call.extract(&Headers::new(&caller, CarrierKind::Http), Trust::Internal).start();
        for (id, sent, refused) in [("order-7", Some("order-7"), 0), ("pedido-\u{e7}", None, 1)] {
            call.attributes().correlation_id(id);
            let mut headers = HeaderMap::new();
            call.inject(&mut HeadersMut::new(&mut headers, CarrierKind::Http), Recipient::Host("stock"));
            assert_eq!(values(&headers, "x-correlation-id").first().map(String::as_str), sent);
            assert_eq!(values(&headers, "traceparent").len(), 1);
            assert_eq!(handle.stats().refused(Refusal::Carrier), refused);
        }
    }

    #[test]
    fn a_name_is_replaced_and_removed_with_all_its_values() {
        for key in ["tracestate", "x-own"] {
            let mut headers = HeaderMap::new();
            headers.append(HeaderName::from_static(key), HeaderValue::from_static("a=1"));
            headers.append(HeaderName::from_static(key), HeaderValue::from_static("b=2"));
            let mut carrier = HeadersMut::new(&mut headers, CarrierKind::Http);
            assert!(carrier.set(key, b"c=3"));
            assert!(!carrier.set(key, b"c\n") && !carrier.set(key, "\u{e7}".as_bytes()));
            assert_eq!(values(&headers, key), ["c=3"]);
            HeadersMut::new(&mut headers, CarrierKind::Http).remove(key);
            assert!(headers.is_empty());
        }
    }
}
