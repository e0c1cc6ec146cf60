//! Attribute values and attribute lists, as they arrived.
//!
//! Nothing is normalised: a key that was sent twice is there twice, because a test wants to see it.

use std::fmt;

/// The value of an attribute, an event's attribute or a log body.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// A value without content, which OTLP allows.
    #[default]
    Empty,
    /// Text.
    String(String),
    /// A truth value.
    Bool(bool),
    /// A signed integer.
    Int(i64),
    /// A floating-point number.
    Double(f64),
    /// Raw bytes.
    Bytes(Vec<u8>),
    /// A list of values.
    Array(Vec<Value>),
    /// Keys with values of their own, in the order in which they were sent.
    Map(Attributes),
}

impl Value {
    /// The text, if this is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The integer, if this is one.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// The truth value, if this is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(truth) => Some(*truth),
            _ => None,
        }
    }

    /// The floating-point number, if this is one; an integer is not.
    pub fn as_double(&self) -> Option<f64> {
        match self {
            Self::Double(number) => Some(*number),
            _ => None,
        }
    }

    /// Hands every text in this value to `visit`: itself, list members, keys and values of maps.
    /// Bytes count as text where they are UTF-8.
    pub(crate) fn visit_text<'v>(&'v self, visit: &mut dyn FnMut(&'v str)) {
        match self {
            Self::String(text) => visit(text),
            Self::Bytes(bytes) => {
                if let Ok(text) = std::str::from_utf8(bytes) {
                    visit(text);
                }
            }
            Self::Array(values) => {
                for value in values {
                    value.visit_text(visit);
                }
            }
            Self::Map(map) => {
                for (key, value) in map {
                    visit(key);
                    value.visit_text(visit);
                }
            }
            Self::Empty | Self::Bool(_) | Self::Int(_) | Self::Double(_) => {}
        }
    }
}

/// Writes text as it is, without quotes; lists as `[a, b]`, maps as `{k=v, …}`, bytes as hex.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => Ok(()),
            Self::String(text) => f.write_str(text),
            Self::Bool(truth) => truth.fmt(f),
            Self::Int(number) => number.fmt(f),
            Self::Double(number) => number.fmt(f),
            Self::Bytes(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
            Self::Array(values) => {
                f.write_str("[")?;
                for (index, value) in values.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{value}")?;
                }
                f.write_str("]")
            }
            Self::Map(map) => write!(f, "{{{map}}}"),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::String(text.clone())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Double(number)
    }
}

macro_rules! from_integers {
    ($($integer:ty),*) => {$(
        impl From<$integer> for Value {
            fn from(number: $integer) -> Self {
                Self::Int(i64::from(number))
            }
        }
    )*};
}

from_integers!(i8, i16, i32, i64, u8, u16, u32);

impl<T: Into<Value>, const N: usize> From<[T; N]> for Value {
    fn from(values: [T; N]) -> Self {
        Self::Array(values.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(values: Vec<T>) -> Self {
        Self::Array(values.into_iter().map(Into::into).collect())
    }
}

/// Attributes in the order in which they were sent, repeated keys included.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attributes(Vec<(String, Value)>);

impl Attributes {
    /// The value of a key; of its last occurrence, should it be there more than once.
    pub fn get(&self, key: &str) -> Option<&Value> {
        let found = self.0.iter().rev().find(|(name, _)| name == key);
        found.map(|(_, value)| value)
    }

    /// The text under a key, if there is text under it.
    pub fn str(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_str()
    }

    /// The integer under a key, if there is one under it.
    pub fn int(&self, key: &str) -> Option<i64> {
        self.get(key)?.as_int()
    }

    /// The truth value under a key, if there is one under it.
    pub fn bool(&self, key: &str) -> Option<bool> {
        self.get(key)?.as_bool()
    }

    /// The floating-point number under a key, if there is one under it.
    pub fn double(&self, key: &str) -> Option<f64> {
        self.get(key)?.as_double()
    }

    /// How often a key occurs. More than once is a fault of the sender.
    pub fn occurrences(&self, key: &str) -> usize {
        self.0.iter().filter(|(name, _)| name == key).count()
    }

    /// Keys and values in the order in which they were sent.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// How many there are, repeated keys included.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Writes `key=value` pairs, separated by commas.
impl fmt::Display for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (key, value)) in self.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{key}={value}")?;
        }
        Ok(())
    }
}

impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let pairs = pairs.into_iter();
        Self(pairs.map(|(k, v)| (k.into(), v.into())).collect())
    }
}

impl<'a> IntoIterator for &'a Attributes {
    type Item = &'a (String, Value);
    type IntoIter = std::slice::Iter<'a, (String, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_a_repeated_key_counts_and_all_are_kept() {
        let attributes: Attributes = [("k", 1), ("k", 2)].into_iter().collect();
        assert_eq!(attributes.int("k"), Some(2));
        assert_eq!(attributes.occurrences("k"), 2);
    }

    #[test]
    fn a_typed_getter_does_not_convert() {
        let attributes: Attributes =
            [("text", Value::from("1")), ("int", Value::from(1))].into_iter().collect();
        assert_eq!(attributes.int("text"), None);
        assert_eq!(attributes.double("int"), None);
        assert_eq!(attributes.str("text"), Some("1"));
    }

    #[test]
    fn text_is_found_at_any_depth() {
        let inner: Attributes = [("key", Value::from(["a", "b"]))].into_iter().collect();
        let value = Value::Array(vec![Value::Map(inner), Value::Bytes(b"c".to_vec())]);
        let mut texts = Vec::new();
        value.visit_text(&mut |text| texts.push(text));
        assert_eq!(texts, ["key", "a", "b", "c"]);
    }

    #[test]
    fn values_are_written_without_quotes() {
        let map: Attributes = [("k", Value::from(1.5))].into_iter().collect();
        let value = Value::Array(vec!["a".into(), true.into(), Value::Map(map)]);
        assert_eq!(value.to_string(), "[a, true, {k=1.5}]");
        assert_eq!(Value::Bytes(vec![0, 255]).to_string(), "00ff");
    }
}
