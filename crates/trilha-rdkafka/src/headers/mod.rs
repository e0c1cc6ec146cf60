//! Kafka's message headers as a carrier.
//!
//! Keys may stand there several times, since rdkafka only ever appends: the last value counts. All
//! other headers keep their values, also those without any, and their order.

mod native;

use std::{ffi::CString, mem};

use rdkafka::message::{BorrowedHeaders, Header, OwnedHeaders};
use trilha_core::{Carrier, CarrierKind, CarrierMut};

/// The headers of a received message.
pub(crate) struct Headers<'a>(pub(crate) Option<&'a BorrowedHeaders>);

impl Carrier for Headers<'_> {
    fn kind(&self) -> CarrierKind {
        CarrierKind::Messaging
    }

    fn for_each(&self, key: &str, visit: &mut dyn FnMut(&[u8])) {
        let Ok(key) = CString::new(key) else { return };
        if let Some(value) = self.0.and_then(|headers| native::last(headers, &key)) {
            visit(value);
        }
    }
}

/// The headers of a record that is about to be sent.
pub(crate) struct HeadersMut<'a> {
    headers: &'a mut Option<OwnedHeaders>,
    written: Written,
}

/// The names of the headers that were set, and so are not the user's.
pub(crate) type Written = Vec<&'static str>;

impl<'a> HeadersMut<'a> {
    pub(crate) fn new(headers: &'a mut Option<OwnedHeaders>) -> Self {
        Self { headers, written: Written::new() }
    }

    pub(crate) fn written(self) -> Written {
        self.written
    }
}

impl Carrier for HeadersMut<'_> {
    fn kind(&self) -> CarrierKind {
        CarrierKind::Messaging
    }

    fn for_each(&self, key: &str, visit: &mut dyn FnMut(&[u8])) {
        Headers(self.headers.as_ref().map(OwnedHeaders::as_borrowed)).for_each(key, visit);
    }
}

impl CarrierMut for HeadersMut<'_> {
    fn set(&mut self, key: &'static str, value: &[u8]) -> bool {
        self.remove(key);
        let headers = mem::take(self.headers).unwrap_or_default();
        *self.headers = Some(headers.insert(Header { key, value: Some(value) }));
        self.written.push(key);
        true
    }

    fn remove(&mut self, key: &'static str) {
        if let (Some(headers), Ok(key)) = (self.headers.as_mut(), CString::new(key)) {
            native::remove(headers, &key);
        }
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::message::Headers as _;

    use super::*;

    fn header<'a>(key: &'a str, value: &'a str) -> Header<'a, &'a str> {
        Header { key, value: Some(value) }
    }

    fn values(carrier: &dyn Carrier, key: &str) -> Vec<Vec<u8>> {
        let mut values = Vec::new();
        carrier.for_each(key, &mut |value| values.push(value.to_vec()));
        values
    }

    #[test]
    fn the_last_of_several_values_counts() {
        let headers =
            OwnedHeaders::new().insert(header("traceparent", "old")).insert(header("traceparent", "new"));
        let headers = Headers(Some(headers.as_borrowed()));
        assert_eq!(values(&headers, "traceparent"), [b"new"]);
        assert!(values(&headers, "tracestate").is_empty());
        assert!(values(&Headers(None), "traceparent").is_empty());
    }

    #[test]
    fn what_is_set_replaces_all_values_and_keeps_the_rest() {
        let mut headers = Some(
            OwnedHeaders::new()
                .insert(header("a", "1"))
                .insert(header("traceparent", "old"))
                .insert::<str>(Header { key: "tombstone", value: None })
                .insert(header("traceparent", "old"))
                .insert(header("a", "2")),
        );
        HeadersMut::new(&mut headers).set("traceparent", b"new");
        let headers = headers.unwrap();
        let seen: Vec<_> = headers.iter().map(|header| (header.key, header.value)).collect();
        let text = |text: &'static str| Some(text.as_bytes());
        assert_eq!(
            seen,
            [("a", text("1")), ("tombstone", None), ("a", text("2")), ("traceparent", text("new"))]
        );
    }

    #[test]
    fn a_key_that_is_no_text_hides_nothing() {
        let mut headers = OwnedHeaders::new().insert(header("a", "1"));
        native::insert_raw(&mut headers, c"\xff\xfe", b"x");
        let mut headers = Some(headers.insert(header("traceparent", "old")));
        assert_eq!(values(&HeadersMut::new(&mut headers), "traceparent"), [b"old"]);
        HeadersMut::new(&mut headers).set("traceparent", b"new");
        assert_eq!(values(&HeadersMut::new(&mut headers), "traceparent"), [b"new"]);
        let headers = headers.unwrap();
        assert_eq!(headers.count(), 3);
        assert_eq!(native::last(headers.as_borrowed(), c"\xff\xfe"), Some(b"x".as_slice()));
    }

    #[test]
    fn nothing_is_made_of_no_headers() {
        let mut headers = None;
        HeadersMut::new(&mut headers).remove("traceparent");
        assert!(headers.is_none());
    }
}
