//! The header table of AMQP properties as a carrier.
//!
//! Only the top level is looked at: a nested value is no context, however it is built.

use std::{collections::BTreeMap, mem};

use lapin::{
    BasicProperties,
    types::{AMQPValue, FieldTable, LongString, ShortString},
};
use trilha_core::{Carrier, CarrierKind, CarrierMut};

/// The properties of a received message.
pub(crate) struct Headers<'a>(pub(crate) &'a BasicProperties);

impl Carrier for Headers<'_> {
    fn kind(&self) -> CarrierKind {
        CarrierKind::Messaging
    }

    fn for_each(&self, key: &str, visit: &mut dyn FnMut(&[u8])) {
        let headers = self.0.headers().as_ref();
        if let Some(value) = headers.and_then(|headers| headers.inner().get(key)) {
            visit(bytes(value));
        }
    }
}

/// The properties of a message that is about to be published.
///
/// Their table can only be replaced as a whole: it is copied once, and put back when this is dropped.
pub(crate) struct HeadersMut<'a> {
    properties: &'a mut BasicProperties,
    changed: Option<Table>,
}

type Table = BTreeMap<ShortString, AMQPValue>;

impl<'a> HeadersMut<'a> {
    pub(crate) fn new(properties: &'a mut BasicProperties) -> Self {
        Self { properties, changed: None }
    }

    fn table(&self) -> Option<&Table> {
        let unchanged = || self.properties.headers().as_ref().map(FieldTable::inner);
        self.changed.as_ref().or_else(unchanged)
    }

    fn table_mut(&mut self) -> &mut Table {
        let Self { properties, changed } = self;
        changed.get_or_insert_with(|| {
            properties.headers().as_ref().map(FieldTable::inner).cloned().unwrap_or_default()
        })
    }
}

impl Drop for HeadersMut<'_> {
    fn drop(&mut self) {
        if let Some(table) = self.changed.take() {
            *self.properties = mem::take(self.properties).with_headers(table.into());
        }
    }
}

impl Carrier for HeadersMut<'_> {
    fn kind(&self) -> CarrierKind {
        CarrierKind::Messaging
    }

    fn for_each(&self, key: &str, visit: &mut dyn FnMut(&[u8])) {
        if let Some(value) = self.table().and_then(|table| table.get(key)) {
            visit(bytes(value));
        }
    }
}

impl CarrierMut for HeadersMut<'_> {
    fn set(&mut self, key: &'static str, value: &[u8]) -> bool {
        let Ok(key) = ShortString::try_new(key) else { return false };
        self.table_mut().insert(key, AMQPValue::LongString(LongString::from(value)));
        true
    }

    fn remove(&mut self, key: &'static str) {
        if self.table().is_some_and(|table| table.contains_key(key)) {
            self.table_mut().remove(key);
        }
    }
}

/// The text of a value as other libraries write it; what is no text is empty, and thereby malformed.
fn bytes(value: &AMQPValue) -> &[u8] {
    match value {
        AMQPValue::LongString(value) => value.as_bytes(),
        AMQPValue::ShortString(value) => value.as_str().as_bytes(),
        AMQPValue::ByteArray(value) => value.as_slice(),
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use lapin::types::{ByteArray, FieldArray};

    use super::*;

    fn properties(headers: &[(&str, AMQPValue)]) -> BasicProperties {
        let mut table = FieldTable::default();
        for (key, value) in headers {
            table.insert(ShortString::try_new(*key).unwrap(), value.clone());
        }
        BasicProperties::default().with_headers(table)
    }

    fn values(carrier: &dyn Carrier, key: &str) -> Vec<Vec<u8>> {
        let mut values = Vec::new();
        carrier.for_each(key, &mut |value| values.push(value.to_vec()));
        values
    }

    #[test]
    fn text_is_read_however_it_is_typed() {
        for value in [
            AMQPValue::LongString("abc".into()),
            AMQPValue::ShortString("abc".into()),
            AMQPValue::ByteArray(ByteArray::from(b"abc".as_slice())),
        ] {
            let properties = properties(&[("traceparent", value)]);
            assert_eq!(values(&Headers(&properties), "traceparent"), [b"abc"]);
        }
    }

    #[test]
    fn what_is_no_text_is_malformed() {
        let mut nested = AMQPValue::Void;
        for _ in 0..64 {
            nested = AMQPValue::FieldArray(FieldArray::from(vec![nested]));
        }
        for value in [AMQPValue::LongInt(1), nested, AMQPValue::FieldTable(FieldTable::default())] {
            let properties = properties(&[("traceparent", value)]);
            assert_eq!(values(&Headers(&properties), "traceparent"), [b""]);
        }
    }

    #[test]
    fn what_is_set_replaces_and_keeps_the_rest() {
        let kept = ("x-retries", AMQPValue::LongInt(3));
        let mut changed = properties(&[kept.clone(), ("traceparent", AMQPValue::Void)])
            .with_message_id(ShortString::from("m1"));
        HeadersMut::new(&mut changed).set("traceparent", b"new");
        let expected = properties(&[kept.clone(), ("traceparent", AMQPValue::LongString("new".into()))])
            .with_message_id(ShortString::from("m1"));
        assert_eq!(changed, expected);
        HeadersMut::new(&mut changed).remove("traceparent");
        assert_eq!(changed, properties(&[kept]).with_message_id(ShortString::from("m1")));
    }

    #[test]
    fn what_is_set_is_read_at_once_and_put_back_in_the_end() {
        let mut properties = properties(&[("a", AMQPValue::LongInt(1)), ("baggage", AMQPValue::Void)]);
        let mut headers = HeadersMut::new(&mut properties);
        assert!(headers.set("traceparent", b"new") && headers.set("tracestate", b"b=1"));
        headers.remove("baggage");
        headers.remove("tracestate");
        assert_eq!(values(&headers, "traceparent"), [b"new"]);
        assert!(values(&headers, "baggage").is_empty());
        drop(headers);
        let text = AMQPValue::LongString("new".into());
        assert_eq!(properties, self::properties(&[("a", AMQPValue::LongInt(1)), ("traceparent", text)]));
    }

    #[test]
    fn nothing_is_made_of_no_headers() {
        let mut properties = BasicProperties::default();
        HeadersMut::new(&mut properties).remove("traceparent");
        assert_eq!(properties, BasicProperties::default());
    }
}
