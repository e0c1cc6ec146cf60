//! The few words by which attributes are sorted: type, stability, PII class.

/// The type of an attribute's values.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ValueType {
    /// Text.
    #[default]
    String,
    /// A whole number, of 64 bits.
    Int,
}

impl ValueType {
    /// The name in the registry, which is OpenTelemetry's.
    pub const fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Int => "int",
        }
    }
}

/// Whether name and meaning of an attribute may still change.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Stability {
    /// They may change with any release.
    Development,
    /// A change is a breaking one.
    #[default]
    Stable,
}

impl Stability {
    /// The name in the registry, which is OpenTelemetry's.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Stable => "stable",
        }
    }
}

/// What an attribute's values tell of a person. The order is that of the care they need.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum PiiClass {
    /// Nothing.
    #[default]
    None,
    /// Something, to who holds the key to it: an order's number.
    Pseudonymous,
    /// Who it is. Such a value is no metric attribute, and in no baggage, message header or SQL comment.
    Personal,
    /// A credential, of a person or a service. Such a value leaves by no exit.
    Secret,
}

impl PiiClass {
    /// The name in the registry and in a policy file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pseudonymous => "pseudonymous",
            Self::Personal => "personal",
            Self::Secret => "secret",
        }
    }
}
