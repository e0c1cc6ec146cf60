//! A borrowed attribute value: recording one copies nothing until the recorder writes it down.

use opentelemetry::{Array, KeyValue};

/// A borrowed attribute value.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// Text.
    Str(&'a str),
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// Several values of one type.
    Array(&'a Array),
}

/// A number or a truth value: a [`Value`] that fits into two registers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scalar {
    kind: ScalarKind,
    bits: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum ScalarKind {
    Int,
    Float,
    Bool,
}

impl Value<'_> {
    /// The number or truth value, if it is one.
    #[inline]
    pub fn scalar(self) -> Option<Scalar> {
        let (kind, bits) = match self {
            Self::Int(number) => (ScalarKind::Int, number as u64),
            Self::Float(number) => (ScalarKind::Float, number.to_bits()),
            Self::Bool(truth) => (ScalarKind::Bool, u64::from(truth)),
            Self::Str(_) | Self::Array(_) => return None,
        };
        Some(Scalar { kind, bits })
    }
}

impl From<Scalar> for Value<'_> {
    #[inline]
    fn from(Scalar { kind, bits }: Scalar) -> Self {
        match kind {
            ScalarKind::Int => Self::Int(bits as i64),
            ScalarKind::Float => Self::Float(f64::from_bits(bits)),
            ScalarKind::Bool => Self::Bool(bits != 0),
        }
    }
}

impl<'a> From<&'a opentelemetry::Value> for Value<'a> {
    fn from(value: &'a opentelemetry::Value) -> Self {
        use opentelemetry::Value as Theirs;
        match value {
            Theirs::Bool(value) => Self::Bool(*value),
            Theirs::I64(value) => Self::Int(*value),
            Theirs::F64(value) => Self::Float(*value),
            Theirs::Array(value) => Self::Array(value),
            Theirs::String(value) => Self::Str(value.as_str()),
            _ => Self::Str(""), // the API's enum may grow
        }
    }
}

impl From<Value<'_>> for opentelemetry::Value {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Str(value) => value.to_owned().into(),
            Value::Int(value) => value.into(),
            Value::Float(value) => value.into(),
            Value::Bool(value) => value.into(),
            Value::Array(value) => Self::Array(value.clone()),
        }
    }
}

macro_rules! value_from {
    ($($type:ty => $variant:ident),* $(,)?) => {$(
        impl From<$type> for Value<'_> {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        }
    )*};
}

value_from!(bool => Bool, i64 => Int, i32 => Int, u32 => Int, u16 => Int, f64 => Float, f32 => Float);

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Str(value)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Self::Str(value)
    }
}

/// A borrowed attribute: its key and its value.
pub type Attribute<'a> = (&'a str, Value<'a>);

/// Takes attributes as they are said, one by one.
pub type Say<'s, 'a> = dyn FnMut(&'a str, Value<'a>) + 's;

/// An attribute as the OpenTelemetry API owns it.
pub fn to_key_value((key, value): Attribute<'_>) -> KeyValue {
    KeyValue::new(key.to_owned(), opentelemetry::Value::from(value))
}
