//! HTTP headers as a carrier, also of gRPC, whose metadata they are.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::carrier::{Carrier, CarrierKind, CarrierMut};

/// Headers to read a context from.
#[derive(Clone, Copy, Debug)]
pub struct Headers<'a> {
    headers: &'a HeaderMap,
    kind: CarrierKind,
    seen: Option<Seen<'a>>,
}

/// What a look at all headers has shown.
#[derive(Clone, Copy, Debug)]
struct Seen<'a> {
    traceparent: Option<&'a HeaderValue>,
    /// Whether there is no second one, and no other field of propagation.
    is_plain: bool,
}

impl<'a> Headers<'a> {
    /// The headers of a request of this kind.
    pub fn new(headers: &'a HeaderMap, kind: CarrierKind) -> Self {
        Self { headers, kind, seen: None }
    }

    /// Those of an HTTP request, with one look at all of them: `visit` is shown each name and value, but for fields of
    /// propagation.
    #[inline]
    pub fn looked_through(
        headers: &'a HeaderMap,
        mut visit: impl FnMut(&'a HeaderName, &'a HeaderValue),
    ) -> Self {
        let mut seen = Seen { traceparent: None, is_plain: true };
        for (name, value) in headers {
            match name {
                name if *name == Field::<0>::NAME => {
                    seen.is_plain &= seen.traceparent.replace(value).is_none()
                }
                name if is_beside_traceparent(name.as_str()) => seen.is_plain = false,
                name => visit(name, value),
            }
        }
        Self { headers, kind: CarrierKind::Http, seen: Some(seen) }
    }

    /// The same headers, of a request of another kind.
    #[must_use]
    pub fn of_kind(self, kind: CarrierKind) -> Self {
        Self { kind, ..self }
    }
}

impl Carrier for Headers<'_> {
    fn kind(&self) -> CarrierKind {
        self.kind
    }

    fn for_each(&self, key: &str, visit: &mut dyn FnMut(&[u8])) {
        match self.seen {
            Some(Seen { traceparent, is_plain: true }) if key == Field::<0>::NAME.as_str() => {
                traceparent.into_iter().for_each(|value| visit(value.as_bytes()));
            }
            _ => for_each(self.headers, key, visit),
        }
    }

    fn is_plain(&self) -> bool {
        if let Some(Seen { is_plain, .. }) = self.seen {
            return is_plain;
        }
        self.headers.keys_len() <= MANY
            && !self.headers.keys().any(|name| is_beside_traceparent(name.as_str()))
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
        if !lacks(self.headers, key) {
            remove(self.headers, key);
        }
    }
}

#[inline(never)] // seldom called, and large
fn remove(headers: &mut HeaderMap, key: &str) {
    headers.remove(key);
}

/// With more names than this, to hash one costs less than to look at all.
const MANY: usize = 24;

/// A field by its place in [`FIELDS`].
///
/// Its name is known when this is compiled, so that it takes two instructions to tell it from a name of the
/// standard, as most are. To look at all of a usual request costs less than to hash one name.
struct Field<const AT: usize>;

impl<const AT: usize> Field<AT> {
    #[expect(
        clippy::indexing_slicing,
        reason = "looked up by the compiler, which would refuse a wrong place"
    )]
    const NAME: HeaderName = HeaderName::from_static(FIELDS[AT]);

    /// Where it stands among the names.
    #[inline]
    fn place(headers: &HeaderMap) -> Option<usize> {
        let name = Self::NAME;
        headers.keys().position(|it| *it == name)
    }

    fn is_plainly_not_in(headers: &HeaderMap) -> bool {
        headers.keys_len() <= MANY && Self::place(headers).is_none()
    }

    fn for_each(headers: &HeaderMap, visit: &mut dyn FnMut(&[u8])) {
        if headers.keys_len() > MANY {
            return for_each_of_all(headers, Self::NAME.as_str(), visit);
        }
        if let Some(at) = Self::place(headers) {
            for_each_at(headers, at, Self::NAME.as_str(), visit);
        }
    }
}

/// Shows the values of the name that stands at a place among the names.
#[inline(never)] // the search before it is kept small
fn for_each_at(headers: &HeaderMap, at: usize, key: &str, visit: &mut dyn FnMut(&[u8])) {
    if headers.len() == headers.keys_len() {
        headers.values().nth(at).into_iter().for_each(|value| visit(value.as_bytes()));
    } else {
        for_each_of_all(headers, key, visit);
    }
}

#[inline(never)] // as above
fn for_each_of_all(headers: &HeaderMap, key: &str, visit: &mut dyn FnMut(&[u8])) {
    headers.get_all(key).iter().for_each(|value| visit(value.as_bytes()));
}

macro_rules! fields {
    ($($at:literal $name:literal)*) => {
        /// The names of the fields that are propagated.
        const FIELDS: [&str; [$($at),*].len()] = [$($name),*];

        /// The same to be written: each is made once.
        static NAMES: [HeaderName; FIELDS.len()] = [$(HeaderName::from_static($name)),*];

        fn known_name(key: &str) -> Option<&'static HeaderName> {
            match key {
                $($name => NAMES.get($at),)*
                _ => None,
            }
        }

        /// Whether it is the name of a field, and not `traceparent`.
        fn is_beside_traceparent(name: &str) -> bool {
            // Most names start with another letter.
            matches!(name.as_bytes(), [b't' | b'b' | b'x', ..])
                && matches!(name, $($name)|*)
                && name != "traceparent"
        }

        /// Whether a field is plainly not there.
        fn lacks(headers: &HeaderMap, key: &str) -> bool {
            match key {
                $($name => Field::<$at>::is_plainly_not_in(headers),)*
                _ => false,
            }
        }

        fn for_each(headers: &HeaderMap, key: &str, visit: &mut dyn FnMut(&[u8])) {
            match key {
                $($name => Field::<$at>::for_each(headers, visit),)*
                _ => for_each_of_all(headers, key, visit),
            }
        }
    };
}

fields! {
    0 "traceparent" 1 "tracestate" 2 "baggage" 3 "x-correlation-id" 4 "x-request-id"
    5 "b3" 6 "x-b3-traceid" 7 "x-b3-spanid" 8 "x-b3-parentspanid" 9 "x-b3-sampled" 10 "x-b3-flags"
    11 "x-trace-id" 12 "x-span-id" 13 "x-parent-id"
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        Handle, NoopRecorder, Operation, Recipient, Refusal, Scope, SpanKind, Trust,
        propagation::{Format, correlation_fields},
    };

    fn values(headers: &HeaderMap, key: &str) -> Vec<String> {
        let mut values = Vec::new();
        Headers::new(headers, CarrierKind::Http)
            .for_each(key, &mut |value| values.push(String::from_utf8_lossy(value).into_owned()));
        values
    }

    #[test]
    fn every_value_of_a_name_is_shown_in_order_known_or_not() {
        for (key, others) in [("tracestate", 0), ("x-own", 0), ("tracestate", MANY), ("x-own", MANY)] {
            let mut headers = HeaderMap::new();
            headers.append("host", HeaderValue::from_static("orders.example"));
            for other in 0..others {
                headers.append(format!("x-{other}").parse::<HeaderName>().unwrap(), HeaderValue::from(other));
            }
            headers.append(HeaderName::from_static(key), HeaderValue::from_static("a=1"));
            assert_eq!(values(&headers, key), ["a=1"]);
            headers.append(HeaderName::from_static(key), HeaderValue::from_static("b=2"));
            assert_eq!(values(&headers, key), ["a=1", "b=2"]);
            assert!(values(&headers, "traceparent").is_empty());
            HeadersMut::new(&mut headers, CarrierKind::Http).remove(key);
            assert_eq!(headers.len(), 1 + others);
        }
    }

    #[test]
    fn headers_are_plain_without_other_fields_than_traceparent() {
        let is_plain = |names: &[&'static str]| {
            let value = HeaderValue::from_static("1");
            let headers = names.iter().map(|name| (HeaderName::from_static(name), value.clone())).collect();
            Headers::new(&headers, CarrierKind::Http).is_plain()
        };
        assert!(is_plain(&[]));
        assert!(is_plain(&["host", "traceparent", "te", "x-forwarded-for", "x-request"]));
        let read = [CarrierKind::Http, CarrierKind::Grpc].into_iter().flat_map(|kind| {
            let fields = Format::ALL.into_iter().flat_map(move |format| format.fields(kind));
            fields.chain(correlation_fields(kind)).copied()
        });
        for field in FIELDS.into_iter().chain(read).filter(|field| *field != "traceparent") {
            assert!(!is_plain(&["host", "traceparent", field]), "{field}");
        }
    }

    #[test]
    fn what_a_look_through_shows_is_what_headers_hold() {
        let names = ["host", "traceparent", "te", "tracestate", "baggage", "x-request-id", "traceparent"];
        for chosen in 0..1 << names.len() {
            let mut headers = HeaderMap::new();
            for (at, name) in names.into_iter().enumerate().filter(|(at, _)| chosen >> at & 1 == 1) {
                headers.append(HeaderName::from_static(name), HeaderValue::from(at));
            }
            let mut others = Vec::new();
            let seen = Headers::looked_through(&headers, |name, value| others.push((name, value)));
            let plain = Headers::new(&headers, CarrierKind::Http);
            let is_repeated = headers.get_all("traceparent").iter().count() > 1;
            assert_eq!(seen.is_plain(), plain.is_plain() && !is_repeated);
            for name in names {
                let values = |carrier: &Headers<'_>| {
                    let mut values = Vec::new();
                    carrier.for_each(name, &mut |value| values.push(value.to_vec()));
                    values
                };
                assert_eq!(values(&seen), values(&plain), "{name} of {headers:?}");
            }
            assert!(headers.iter().filter(|(name, _)| ["host", "te"].contains(&name.as_str())).eq(others));
        }
    }

    #[test]
    fn each_name_stands_at_its_place() {
        for (name, field) in NAMES.iter().zip(FIELDS) {
            assert_eq!((name.as_str(), known_name(field)), (field, Some(name)));
        }
        assert_eq!(known_name("host"), None);
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
