//! The context of the work in hand, taken along to where other code runs: on a thread, or beside.
//!
//! Everything lives in the OpenTelemetry `Context`: operation, context attributes, baggage. For futures
//! and streams there is OpenTelemetry's `FutureExt::with_context`; this is what it lacks. No runtime is
//! known here.

use opentelemetry::Context;

use crate::{ContextAttributes, current, operation::Work, recorder::Owner};

/// `f` under the context that is current now, wherever and whenever it runs: on a thread, in a pool.
///
/// Without it, a thread starts with an empty context: its spans begin a trace of their own, and context
/// attributes that are set there are lost.
///
/// ```
/// use std::thread;
/// use trilha_core::{ContextAttributes, carry};
///
/// let thread = thread::spawn(carry(|| {
///     ContextAttributes::current().tenant("acme"); // reaches the operation that is open here
/// }));
/// # thread.join().unwrap();
/// ```
pub fn carry<F, R>(f: F) -> impl FnOnce() -> R
where
    F: FnOnce() -> R,
{
    let context = current::context();
    move || {
        let _attached = current::attach(context);
        f()
    }
}

impl ContextAttributes {
    /// `context` with these in the place of its context attributes: every span that starts there takes
    /// them along. Outside any operation there are none to replace, and nothing changes.
    ///
    /// ```
    /// use opentelemetry::{Context, context::FutureExt};
    /// use trilha_core::ContextAttributes;
    ///
    /// # async fn score() {}
    /// # async fn handler() {
    /// let attributes = ContextAttributes::current().fork();
    /// attributes.tenant("acme");
    /// score().with_context(attributes.in_context(&Context::current())).await;
    /// # }
    /// ```
    #[must_use]
    pub fn in_context(&self, context: &Context) -> Context {
        match Work::span_of(context) {
            Some(span) => {
                Work::replace_span(context, span.with_owner(Owner::new(self.clone(), span.handle())))
            }
            None => context.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::{Operation, Scope, SpanKind, schema::Key};

    fn served() -> Operation {
        Operation::builder(&Scope::new("test", ""), "served", SpanKind::Server).start()
    }

    fn tenant_of(attributes: &ContextAttributes) -> Option<String> {
        attributes.value(Key::Tenant).as_deref().map(str::to_owned)
    }

    #[test]
    fn what_is_carried_runs_in_the_context_of_the_moment() {
        let mut served = served();
        let work = served.enter(|| carry(|| ContextAttributes::current().tenant("acme").clone()));
        let set = thread::spawn(work).join().unwrap();
        assert_eq!(tenant_of(&set).as_deref(), Some("acme"));
        assert_eq!(tenant_of(&served.attributes()).as_deref(), Some("acme"));
        assert!(Context::map_current(|current| Work::of(current).is_none()));
    }

    #[test]
    fn a_fork_in_a_context_is_its_own() {
        let served = served();
        served.attributes().tenant("acme");
        let beside = served.attributes().fork().in_context(&served.context());
        {
            let _attached = beside.attach();
            let attributes = ContextAttributes::current();
            assert_eq!(tenant_of(&attributes).as_deref(), Some("acme"));
            attributes.tenant("other");
            assert_eq!(tenant_of(&ContextAttributes::current()).as_deref(), Some("other"));
        }
        assert_eq!(tenant_of(&served.attributes()).as_deref(), Some("acme"));
    }

    #[test]
    fn outside_any_operation_there_is_nothing_to_replace() {
        let beside = ContextAttributes::default().in_context(&Context::new());
        assert!(Work::of(&beside).is_none());
    }
}
