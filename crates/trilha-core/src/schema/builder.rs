//! How a definition is made in code.

use std::borrow::Cow;

use super::{
    Definition, Exit, Exits, Format, InvalidDefinition, PiiClass, Stability, ValueType,
    definition::{Fields, default_max_length},
};

impl Definition {
    /// Starts the definition of a platform's own key. The name has the form of OpenTelemetry's attribute
    /// names: lower-case words with `_`, joined by dots.
    pub fn builder(
        name: impl Into<Cow<'static, str>>,
        brief: impl Into<Cow<'static, str>>,
    ) -> DefinitionBuilder {
        DefinitionBuilder(Fields {
            name: name.into(),
            brief: brief.into(),
            value_type: ValueType::String,
            unit: None,
            stability: Stability::Stable,
            cardinality: None,
            max_length: default_max_length(),
            format: Format::Text,
            values: Cow::Borrowed(&[]),
            pii: PiiClass::None,
            exits: Exits::of(&[Exit::Span, Exit::Log]),
            formerly: None,
            examples: Cow::Borrowed(&[]),
        })
    }

    /// Starts another definition from this one, without its examples: a narrower rule for a built-in key.
    pub fn to_builder(&self) -> DefinitionBuilder {
        DefinitionBuilder(Fields { examples: Cow::Borrowed(&[]), ..self.0.clone() })
    }
}

/// Settings of a [`Definition`].
#[derive(Clone, Debug)]
#[must_use = "a definition is made by `build`"]
pub struct DefinitionBuilder(Fields);

impl DefinitionBuilder {
    /// What it means.
    pub fn brief(mut self, brief: impl Into<Cow<'static, str>>) -> Self {
        self.0.brief = brief.into();
        self
    }

    /// Whether name and meaning may still change. Defaults to stable.
    pub fn stability(mut self, stability: Stability) -> Self {
        self.0.stability = stability;
        self
    }

    /// How many values a service may see. Defaults to the number of [`values`](Self::values) where they
    /// are listed, else to unbounded.
    pub fn cardinality(mut self, most: u32) -> Self {
        self.0.cardinality = Some(most);
        self
    }

    /// The longest value, in bytes. Defaults to 128.
    pub fn max_length(mut self, bytes: usize) -> Self {
        self.0.max_length = bytes;
        self
    }

    /// The form of its values. Defaults to [`Format::Text`].
    pub fn format(mut self, format: Format) -> Self {
        self.0.format = format;
        self
    }

    /// The only values that are allowed. Defaults to any that has the form.
    pub fn values<V: Into<Cow<'static, str>>>(mut self, values: impl IntoIterator<Item = V>) -> Self {
        self.0.values = values.into_iter().map(Into::into).collect();
        self
    }

    /// What it tells of a person. Defaults to nothing.
    pub fn pii(mut self, class: PiiClass) -> Self {
        self.0.pii = class;
        self
    }

    /// Where it may go. Defaults to spans and log lines.
    pub fn exits(mut self, exits: impl IntoIterator<Item = Exit>) -> Self {
        self.0.exits = exits.into_iter().collect();
        self
    }

    /// The name under which older readers know it. Defaults to none.
    pub fn formerly(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.0.formerly = Some(name.into());
        self
    }

    /// Values that keep the rules. Defaults to none.
    pub fn examples<V: Into<Cow<'static, str>>>(mut self, examples: impl IntoIterator<Item = V>) -> Self {
        self.0.examples = examples.into_iter().map(Into::into).collect();
        self
    }

    /// The definition.
    ///
    /// # Errors
    /// When it contradicts itself: a metric attribute without a bound, personal data in what others read
    /// (metrics, baggage, message headers, SQL comments), a secret that travels at all, an example against
    /// its own rule…
    pub fn build(self) -> Result<Definition, InvalidDefinition> {
        self.0.try_into()
    }
}
