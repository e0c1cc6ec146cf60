//! Where a message goes to or comes from, and by which name one may call it.

use std::borrow::Cow;

use crate::{recorder::Attribute, trust::Recipient};

/// A topic, a queue, or what else a broker routes by.
///
/// - **Cardinality:** that of its names. One that is [temporary](Self::temporary) stands neither in
///   a span's name nor on a metric; one with a [template](Self::template) stands there as its template.
/// - **PII:** names are chosen by people; routing keys may hold what they should not.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Destination<'a> {
    name: Cow<'a, str>,
    template: Option<Cow<'a, str>>,
    is_temporary: bool,
}

impl<'a> Destination<'a> {
    /// The destination of this name, `messaging.destination.name`.
    pub fn new(name: impl Into<Cow<'a, str>>) -> Self {
        Self { name: name.into(), template: None, is_temporary: false }
    }

    /// What stands for it where only few values may, `messaging.destination.template`. Defaults to
    /// the name.
    #[must_use]
    pub fn template(mut self, template: impl Into<Cow<'a, str>>) -> Self {
        self.template = Some(template.into());
        self
    }

    /// Its name was generated for one client: `messaging.destination.temporary` and `.anonymous`.
    #[must_use]
    pub fn temporary(mut self) -> Self {
        self.is_temporary = true;
        self
    }

    /// Who gets what is sent there: by the template where there is one, as of an exchange that is sent to
    /// with many routing keys.
    pub(super) fn recipient(&self) -> Recipient<'_> {
        Recipient::Topic(self.template.as_ref().unwrap_or(&self.name))
    }

    /// The name of a span of this operation.
    pub(super) fn span_name(&self, operation: &str) -> String {
        match self.dimension() {
            Some((_, name)) => format!("{operation} {name}"),
            None => operation.to_owned(),
        }
    }

    /// What a metric may know of it.
    pub(super) fn dimension(&self) -> Option<(&'static str, &str)> {
        match &self.template {
            Some(template) => Some(("messaging.destination.template", template)),
            None if self.is_temporary || self.name.is_empty() => None,
            None => Some(("messaging.destination.name", &self.name)),
        }
    }

    /// What only the span may know.
    pub(super) fn span_attributes(&self) -> impl Iterator<Item = Attribute<'_>> {
        let is_dimension = self.template.is_none() && !self.is_temporary;
        let name = (!is_dimension && !self.name.is_empty())
            .then(|| ("messaging.destination.name", self.name.as_ref().into()));
        let flags = ["messaging.destination.temporary", "messaging.destination.anonymous"];
        name.into_iter()
            .chain(flags.into_iter().filter(|_| self.is_temporary).map(|flag| (flag, true.into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::Value;

    #[test]
    fn a_span_is_named_by_operation_and_destination() {
        assert_eq!(Destination::new("orders").span_name("send"), "send orders");
        assert_eq!(Destination::new("").span_name("send"), "send");
    }

    #[test]
    fn what_varies_stays_out_of_names_and_metrics() {
        let routed = Destination::new("shop:order.4711").template("shop");
        assert_eq!(routed.span_name("send"), "send shop");
        assert_eq!(routed.dimension(), Some(("messaging.destination.template", "shop")));
        assert_eq!(routed.recipient(), Recipient::Topic("shop"));
        assert_eq!(
            routed.span_attributes().collect::<Vec<_>>(),
            [("messaging.destination.name", Value::Str("shop:order.4711"))]
        );

        let generated = Destination::new("amq.gen-x").temporary();
        assert_eq!(generated.span_name("process"), "process");
        assert_eq!(generated.dimension(), None);
        assert_eq!(generated.span_attributes().count(), 3);
    }

    #[test]
    fn a_plain_name_is_written_once() {
        let plain = Destination::new("orders");
        assert_eq!(plain.dimension(), Some(("messaging.destination.name", "orders")));
        assert_eq!(plain.recipient(), Recipient::Topic("orders"));
        assert_eq!(plain.span_attributes().count(), 0);
    }
}
