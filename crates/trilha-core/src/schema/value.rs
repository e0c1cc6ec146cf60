//! Typed values: text that has kept the rules of its key.

use std::borrow::Cow;

use super::Rule;

/// A value breaks a rule of its key.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{key} {rule}")]
pub struct InvalidValue {
    key: Cow<'static, str>,
    rule: Rule,
}

impl InvalidValue {
    pub(super) fn new(key: Cow<'static, str>, rule: Rule) -> Self {
        Self { key, rule }
    }

    /// The key that the value was meant for.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The rule that it breaks.
    pub fn rule(&self) -> Rule {
        self.rule
    }
}

/// A type whose values have kept the built-in rules of the [`Key`](super::Key) of the same name.
macro_rules! typed_value {
    ($(#[$attribute:meta])* $name:ident) => {
        $(#[$attribute])*
        #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[cfg_attr(
            feature = "serde",
            derive(serde::Deserialize, serde::Serialize),
            serde(try_from = "String", into = "String")
        )]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// The value, if it keeps the rules of its key.
            ///
            /// # Errors
            /// The rule that it breaks.
            pub fn new(value: impl AsRef<str>) -> Result<Self, $crate::schema::InvalidValue> {
                let value = value.as_ref();
                $crate::schema::Key::$name.definition().check(value)?;
                Ok(Self(value.into()))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::schema::InvalidValue;

            fn from_str(value: &str) -> Result<Self, Self::Err> {
                Self::new(value)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::schema::InvalidValue;

            fn try_from(value: String) -> Result<Self, Self::Error> {
                Self::new(value)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.as_str().to_owned()
            }
        }
    };
}

pub(super) use typed_value;
