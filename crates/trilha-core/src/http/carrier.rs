//! HTTP headers as a carrier, also of gRPC, whose metadata they are.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::carrier::{Carrier, CarrierKind, CarrierMut};

/// Headers to read a context from.
#[derive(Debug)]
pub struct Headers<'a> {
    headers: &'a HeaderMap,
    kind: CarrierKind,
}

impl<'a> Headers<'a> {
    /// The headers of a request of this kind.
    pub fn new(headers: &'a HeaderMap, kind: CarrierKind) -> Self {
        Self { headers, kind }
    }
}

impl Carrier for Headers<'_> {
    fn kind(&self) -> CarrierKind {
        self.kind
    }

    fn for_each(&self, key: &str, visit: &mut dyn FnMut(&[u8])) {
        for_each(self.headers, key, visit);
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
        for_each(self.headers, key, visit);
    }
}

impl CarrierMut for HeadersMut<'_> {
    fn set(&mut self, key: &'static str, value: &str) -> bool {
        // A map that is full keeps what it has.
        HeaderValue::from_str(value)
            .is_ok_and(|value| self.headers.try_insert(HeaderName::from_static(key), value).is_ok())
    }

    fn remove(&mut self, key: &'static str) {
        self.headers.remove(key);
    }
}

fn for_each(headers: &HeaderMap, key: &str, visit: &mut dyn FnMut(&[u8])) {
    headers.get_all(key).iter().for_each(|value| visit(value.as_bytes()));
}
