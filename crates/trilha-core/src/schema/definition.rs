//! What is known of one attribute: its meaning, its bounds, and where it may go.

use std::borrow::Cow;

use super::{Exit, Exits, Format, InvalidValue, PiiClass, Rule, Stability, ValueType};

type Text = Cow<'static, str>;

/// One attribute of the schema. It is always consistent:
/// [`DefinitionBuilder::build`](super::DefinitionBuilder::build) sees to that.
#[derive(Clone, Debug, Eq, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(try_from = "Fields", into = "Fields")
)]
pub struct Definition(pub(super) Fields);

/// An attribute as the registry writes it, not yet checked.
#[derive(Clone, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize), serde(deny_unknown_fields))]
pub(super) struct Fields {
    pub(super) name: Text,
    #[cfg_attr(feature = "serde", serde(rename = "meaning"))]
    pub(super) brief: Text,
    #[cfg_attr(feature = "serde", serde(default, rename = "type"))]
    pub(super) value_type: ValueType,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub(super) unit: Option<Text>,
    #[cfg_attr(feature = "serde", serde(default))]
    pub(super) stability: Stability,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub(super) cardinality: Option<u32>,
    #[cfg_attr(feature = "serde", serde(default = "default_max_length"))]
    pub(super) max_length: usize,
    #[cfg_attr(feature = "serde", serde(default))]
    pub(super) format: Format,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "<[_]>::is_empty"))]
    pub(super) values: Cow<'static, [Text]>,
    pub(super) pii: PiiClass,
    #[cfg_attr(feature = "serde", serde(rename = "travels"))]
    pub(super) exits: Exits,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub(super) formerly: Option<Text>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "<[_]>::is_empty"))]
    pub(super) examples: Cow<'static, [Text]>,
}

pub(super) const fn default_max_length() -> usize {
    128
}

impl Definition {
    /// The longest that [`max_length`](Self::max_length) may be.
    pub const LONGEST: usize = 1_024;

    /// The attribute's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The name as the OpenTelemetry API owns it: without a copy of one that is built in.
    pub(crate) fn api_key(&self) -> opentelemetry::Key {
        match &self.0.name {
            Cow::Borrowed(name) => (*name).into(),
            Cow::Owned(name) => name.clone().into(),
        }
    }

    /// What it means, in one sentence without a full stop.
    pub fn brief(&self) -> &str {
        &self.0.brief
    }

    /// The type of its values.
    pub fn value_type(&self) -> ValueType {
        self.0.value_type
    }

    /// The unit of a number, in UCUM.
    pub fn unit(&self) -> Option<&str> {
        self.0.unit.as_deref()
    }

    /// Whether name and meaning may still change.
    pub fn stability(&self) -> Stability {
        self.0.stability
    }

    /// How many values a service may see. `None`: unbounded, and then it is no metric attribute.
    pub fn cardinality(&self) -> Option<u32> {
        self.0.cardinality
    }

    /// The longest value, in bytes.
    pub fn max_length(&self) -> usize {
        self.0.max_length
    }

    /// The form of its values.
    pub fn format(&self) -> Format {
        self.0.format
    }

    /// The only values that are allowed. Empty: any that has the form.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.values.iter().map(|value| &**value)
    }

    /// What it tells of a person.
    pub fn pii(&self) -> PiiClass {
        self.0.pii
    }

    /// Where it may go.
    pub fn exits(&self) -> Exits {
        self.0.exits
    }

    /// Whether a value may leave by `exit`.
    pub fn travels(&self, exit: Exit) -> bool {
        self.0.exits.contains(exit)
    }

    /// The name under which older readers know it.
    pub fn formerly(&self) -> Option<&str> {
        self.0.formerly.as_deref()
    }

    /// Values that keep the rules.
    pub fn examples(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.examples.iter().map(|example| &**example)
    }

    /// Whether `value` keeps the rules.
    pub fn accepts(&self, value: &str) -> bool {
        self.0.broken_rule(value).is_none()
    }

    /// Checks `value`.
    ///
    /// # Errors
    /// The rule that it breaks. The value is not in the error.
    pub fn check(&self, value: &str) -> Result<(), InvalidValue> {
        match self.0.broken_rule(value) {
            None => Ok(()),
            Some(rule) => Err(InvalidValue::new(self.0.name.clone(), rule)),
        }
    }

    /// Checks that each value and each exit of this is also one of `other`'s: narrower, or the same.
    pub(super) fn check_within(&self, other: &Self) -> Result<(), InvalidDefinition> {
        let (own, other) = (&self.0, &other.0);
        let is_listed = |value: &Text| other.broken_rule(value).is_none();
        let are_values_within = match other.values.is_empty() {
            true => own.format.is_within(other.format),
            false => !own.values.is_empty() && own.values.iter().all(is_listed),
        };
        let is_fewer = match (own.cardinality, other.cardinality) {
            (_, None) => true,
            (own, Some(most)) => own.is_some_and(|own| own <= most),
        };
        own.ensure(own.value_type == other.value_type, "type", "is not that of the built-in key")?;
        own.ensure(are_values_within, "format", "allows more than the built-in key")?;
        own.ensure(own.max_length <= other.max_length, "max_length", "is more than the built-in key's")?;
        own.ensure(is_fewer, "cardinality", "is more than the built-in key's")?;
        own.ensure(own.pii >= other.pii, "pii", "is less than the built-in key's")?;
        own.ensure(
            own.exits.is_subset(other.exits),
            "travels",
            "holds an exit that the built-in key has not",
        )?;
        own.ensure(own.formerly == other.formerly, "formerly", "is not that of the built-in key")
    }
}

impl TryFrom<Fields> for Definition {
    type Error = InvalidDefinition;

    fn try_from(mut fields: Fields) -> Result<Self, InvalidDefinition> {
        if fields.cardinality.is_none() && !fields.values.is_empty() {
            fields.cardinality = u32::try_from(fields.values.len()).ok();
        }
        fields.check()?;
        Ok(Self(fields))
    }
}

impl From<Definition> for Fields {
    fn from(definition: Definition) -> Self {
        definition.0
    }
}

impl Fields {
    fn broken_rule(&self, value: &str) -> Option<Rule> {
        if value.len() > self.max_length {
            return Some(Rule::Length(self.max_length));
        }
        self.format.broken_rule(value).or_else(|| {
            let is_listed = self.values.is_empty() || self.values.iter().any(|known| known == value);
            (!is_listed).then_some(Rule::Values)
        })
    }

    fn check(&self) -> Result<(), InvalidDefinition> {
        let keeps_rules = |value: &Text| self.broken_rule(value).is_none();
        let is_metric = self.exits.contains(Exit::Metric);
        let is_number = self.value_type == ValueType::Int;
        let is_private = match self.pii {
            PiiClass::None | PiiClass::Pseudonymous => true,
            PiiClass::Personal => !self.exits.iter().any(Exit::is_far),
            PiiClass::Secret => self.exits.is_empty(),
        };
        let are_few = self.cardinality.is_none_or(|most| most > 0 && self.values.len() <= most as usize);

        self.ensure(is_name(&self.name), "name", "is not made of lower-case words, `_` and dots")?;
        self.ensure(self.formerly.as_deref().is_none_or(is_name), "formerly", "is no attribute's name")?;
        self.ensure(!self.brief.trim().is_empty(), "meaning", "is empty")?;
        self.ensure((1..=Definition::LONGEST).contains(&self.max_length), "max_length", "is not 1 to 1024")?;
        self.ensure(is_number == (self.format == Format::Number), "format", "is not one of the type")?;
        self.ensure(self.values.iter().all(keeps_rules), "values", "holds one that breaks the key's rules")?;
        self.ensure(are_few, "cardinality", "is zero, or less than there are values")?;
        self.ensure(
            !is_metric || self.cardinality.is_some(),
            "cardinality",
            "is missing: it is a metric attribute",
        )?;
        self.ensure(is_private, "travels", "holds an exit that is closed to its PII class")?;
        self.ensure(
            self.examples.iter().all(keeps_rules),
            "examples",
            "holds one that breaks the key's rules",
        )
    }

    pub(super) fn ensure(
        &self,
        is_kept: bool,
        field: &'static str,
        problem: &'static str,
    ) -> Result<(), InvalidDefinition> {
        if is_kept { Ok(()) } else { Err(InvalidDefinition { name: self.name.to_string(), field, problem }) }
    }
}

/// Whether `text` has the form of OpenTelemetry's attribute names, and 128 bytes at most.
fn is_name(text: &str) -> bool {
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    text.len() <= 128 && text.split('.').all(is_word)
}

/// A definition contradicts itself, or one that stands above it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{name}: {field} {problem}")]
pub struct InvalidDefinition {
    pub(super) name: String,
    pub(super) field: &'static str,
    pub(super) problem: &'static str,
}

impl InvalidDefinition {
    /// The key or zone that was to be defined.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What to change, by its name in the registry and in a policy file: `cardinality`, `travels`…
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// What is wrong with the field.
    pub fn problem(&self) -> &'static str {
        self.problem
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::DefinitionBuilder;

    fn field_of(builder: DefinitionBuilder) -> &'static str {
        builder.build().map_or_else(|error| error.field(), |_| "")
    }

    fn channel() -> DefinitionBuilder {
        Definition::builder("sales_channel", "Where the order came from")
    }

    #[test]
    fn what_contradicts_itself_is_refused_by_its_field() {
        assert_eq!(field_of(channel()), "");
        assert_eq!(field_of(Definition::builder("Sales Channel", "x")), "name");
        assert_eq!(field_of(Definition::builder("sales..channel", "x")), "name");
        assert_eq!(field_of(channel().brief(" ")), "meaning");
        assert_eq!(field_of(channel().max_length(0)), "max_length");
        assert_eq!(field_of(channel().max_length(1_025)), "max_length");
        assert_eq!(field_of(channel().format(Format::Number)), "format");
        assert_eq!(field_of(channel().cardinality(0)), "cardinality");
        assert_eq!(field_of(channel().values(["web", "app"]).cardinality(1)), "cardinality");
        assert_eq!(field_of(channel().exits([Exit::Metric])), "cardinality");
        assert_eq!(field_of(channel().values(["web", ""])), "values");
        assert_eq!(field_of(channel().examples(["a\nb"])), "examples");
        assert_eq!(field_of(channel().formerly("Channel")), "formerly");
    }

    #[test]
    fn personal_data_stays_near_and_a_secret_stays() {
        let personal = channel().pii(PiiClass::Personal).cardinality(1);
        assert_eq!(
            field_of(personal.clone().exits([Exit::Span, Exit::Event, Exit::Log, Exit::Resource])),
            ""
        );
        for exit in [Exit::Metric, Exit::Baggage, Exit::SqlComment, Exit::MessageHeader] {
            assert_eq!(field_of(personal.clone().exits([exit])), "travels", "{exit}");
        }
        for exit in Exit::ALL {
            assert_eq!(field_of(personal.clone().pii(PiiClass::Secret).exits([exit])), "travels", "{exit}");
        }
        assert_eq!(field_of(personal.pii(PiiClass::Secret).exits([])), "");
    }

    #[test]
    fn listed_values_are_the_only_ones_and_bound_the_cardinality() {
        let channel = channel().values(["web", "app"]).exits([Exit::Metric]).build().unwrap();
        assert_eq!(channel.cardinality(), Some(2));
        assert!(channel.accepts("web") && !channel.accepts("fax"));
        assert_eq!(channel.check("fax").unwrap_err().rule(), Rule::Values);
    }
}
