//! What the trace of an order looks like, link by link, and what it lacks.

use trilha_testing::{Span, SpanRef, Trace};

use super::{
    broker::Names,
    traffic::{Story, TENANT},
};

/// Service, kind, name; `ERROR` and its type where it fails. What stands further to the right is below.
const ORDINARY: &str = "\
gateway  SERVER  POST /orders
  gateway  CLIENT  POST
    order-service  SERVER  POST /orders
      order-service  INTERNAL  create_order
        order-service  CLIENT  INSERT orders
        order-service  PRODUCER  send payment_needed
          payment-service  CONSUMER  process payment_needed
            payment-service  INTERNAL  pay
              payment-service  CLIENT  UPDATE orders
              payment-service  PRODUCER  send payment_complete
                notification-service  CONSUMER  process payment_complete
                  notification-service  INTERNAL  notify
                    notification-service  CLIENT  INSERT notifications
                notification-service  CLIENT  settle payment_complete
          payment-service  CLIENT  settle payment_needed";

const DECLINED: &str = "\
gateway  SERVER  POST /orders
  gateway  CLIENT  POST
    order-service  SERVER  POST /orders
      order-service  INTERNAL  create_order
        order-service  CLIENT  INSERT orders
        order-service  PRODUCER  send payment_needed
          payment-service  CONSUMER  process payment_needed  ERROR orders::services::Failure
            payment-service  INTERNAL  pay
              payment-service  CLIENT  UPDATE orders
          payment-service  CLIENT  settle payment_needed";

const ABANDONED: &str = "\
gateway  SERVER  POST /orders  ERROR cancelled
  gateway  CLIENT  POST  ERROR cancelled
    order-service  SERVER  POST /orders  ERROR cancelled
      order-service  INTERNAL  create_order
        order-service  CLIENT  INSERT orders";

/// Why the trace of an order is not one whole, in a sentence.
pub(super) fn problem(story: Story, trace: &Trace, names: &Names) -> Option<String> {
    let expected = match story {
        // A killed service was to do what is done for an ordinary order.
        Story::Ordinary | Story::Killed(_) => ORDINARY,
        Story::Declined => DECLINED,
        Story::Abandoned => ABANDONED,
    };
    let roots = trace.roots();
    if let Some(wrong) = missing_link(expected, &roots, names) {
        return Some(wrong);
    }
    if let Some(orphan) = trace.orphans().first() {
        return Some(format!("the parent of {} is missing", quoted(orphan)));
    }
    if let Some(second) = roots.get(1) {
        return Some(format!("{} is a second beginning", quoted(second)));
    }
    let is_anonymous =
        |span: &&Span| span.str("tenant") != Some(TENANT) && !names.plain(&span.name).starts_with("settle");
    let anonymous = trace.spans().iter().find(is_anonymous)?;
    Some(format!("{} does not know its tenant", quoted(anonymous)))
}

/// The first link of `expected` that is not there; else the first span that ended otherwise.
fn missing_link(expected: &str, roots: &[SpanRef<'_>], names: &Names) -> Option<String> {
    let mut path: Vec<SpanRef<'_>> = Vec::new();
    let mut ended_otherwise = None;
    for line in expected.lines() {
        let link = line.trim_start();
        path.truncate((line.len() - link.len()) / 2);
        let candidates = path.last().map_or_else(|| roots.to_vec(), |above| above.children());
        let [service, kind, name, error] = fields(link);
        let is_it = |span: &SpanRef<'_>| {
            span.service() == service && self::kind(span) == kind && names.plain(&span.name) == name
        };
        let Some(span) = candidates.into_iter().find(is_it) else {
            return Some(match path.last() {
                Some(last) => format!("its trace ends at {}: {name:?} of {service} is missing", quoted(last)),
                None => format!("its trace has no beginning: {name:?} of {service} is missing"),
            });
        };
        let actual = span.str("error.type").map(|error| format!("ERROR {error}")).unwrap_or_default();
        if actual != error {
            ended_otherwise.get_or_insert(format!("{} ended as {actual:?}, not {error:?}", quoted(&span)));
        }
        path.push(span);
    }
    ended_otherwise
}

fn fields(link: &str) -> [&str; 4] {
    let mut fields = link.split("  ");
    [(); 4].map(|()| fields.next().unwrap_or_default())
}

fn kind(span: &Span) -> String {
    format!("{:?}", span.kind).to_uppercase()
}

fn quoted(span: &Span) -> String {
    format!("{:?} of {}", span.name, span.service())
}
