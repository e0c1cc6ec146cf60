//! The work of an order: a root and its lines, each with six attributes and one event, in the words of
//! each library.

use std::hint::black_box;

/// Lines of an order: children of its span.
pub(crate) const LINES: u64 = 10;

/// What an order or a line of it says about itself: the six attributes of a span.
pub(crate) struct Item {
    id: &'static str,
    product: &'static str,
    currency: &'static str,
    quantity: i64,
    price: f64,
    is_gift: bool,
}

/// The order, and each of its lines.
pub(crate) const ITEM: Item = Item {
    id: "order-00000042",
    product: "coffee, ground, 500 g",
    currency: "BRL",
    quantity: 3,
    price: 27.9,
    is_gift: false,
};

/// Without telemetry.
pub(crate) mod bare {
    use super::{Item, LINES, black_box};

    pub(crate) fn order(order: &Item) {
        black_box(order);
        for _ in 0..LINES {
            line(order);
        }
    }

    #[inline(never)]
    fn line(line: &Item) {
        black_box(line);
    }
}

/// As user code writes spans: by `#[instrument]`.
pub(crate) mod instrumented {
    use tracing::{info, instrument};

    use super::{Item, LINES};

    #[instrument(skip_all, fields(
        order.id = order.id, product = order.product, currency = order.currency,
        quantity = order.quantity, price = order.price, is_gift = order.is_gift,
    ))]
    pub(crate) fn order(order: &Item) {
        info!("accepted");
        for _ in 0..LINES {
            line(order);
        }
    }

    #[instrument(skip_all, fields(
        order.id = line.id, product = line.product, currency = line.currency,
        quantity = line.quantity, price = line.price, is_gift = line.is_gift,
    ))]
    pub(crate) fn line(line: &Item) {
        info!("reserved");
    }
}

/// As our adapters make spans.
pub(crate) mod operations {
    use trilha_core::{Handle, Operation, Outcome, Scope, SpanKind, recorder::Attribute};

    use super::{Item, LINES};

    const SCOPE: Scope = Scope::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));

    pub(crate) fn order(handle: &Handle, order: &Item) {
        let attributes = attributes(order);
        let mut operation = Operation::builder(&SCOPE, "order", SpanKind::Server)
            .handle(handle.clone())
            .root()
            .attributes(&attributes)
            .start();
        add_event(&operation, "accepted");
        operation.enter(|| {
            for _ in 0..LINES {
                line(order);
            }
        });
        operation.finish(Outcome::Ok);
    }

    fn line(line: &Item) {
        let attributes = attributes(line);
        let operation = Operation::builder(&SCOPE, "line", SpanKind::Client).attributes(&attributes).start();
        add_event(&operation, "reserved");
        operation.finish(Outcome::Ok);
    }

    /// The same spans that say nothing: what is left is what any span costs.
    pub(crate) fn silent_order(handle: &Handle) {
        let mut operation =
            Operation::builder(&SCOPE, "order", SpanKind::Server).handle(handle.clone()).root().start();
        operation.enter(|| {
            for _ in 0..LINES {
                Operation::builder(&SCOPE, "line", SpanKind::Client).start().finish(Outcome::Ok);
            }
        });
        operation.finish(Outcome::Ok);
    }

    fn attributes(item: &Item) -> [Attribute<'_>; 6] {
        [
            ("order.id", item.id.into()),
            ("product", item.product.into()),
            ("currency", item.currency.into()),
            ("quantity", item.quantity.into()),
            ("price", item.price.into()),
            ("is_gift", item.is_gift.into()),
        ]
    }

    fn add_event(operation: &Operation, name: &str) {
        if let Some(span) = operation.span() {
            span.add_event(name, None, &[]);
        }
    }
}

/// As fastrace's users write spans. Its values are text.
pub(crate) mod fastrace {
    use std::borrow::Cow;

    use fastrace::prelude::{Event, LocalSpan, Span, SpanContext};

    use super::{Item, LINES};

    pub(crate) fn order(order: &Item) {
        let span = Span::root("order", SpanContext::random()).with_properties(|| properties(order));
        let _entered = span.set_local_parent();
        LocalSpan::add_event(Event::new("accepted"));
        for _ in 0..LINES {
            line(order);
        }
    }

    fn line(line: &Item) {
        let _span = LocalSpan::enter_with_local_parent("line").with_properties(|| properties(line));
        LocalSpan::add_event(Event::new("reserved"));
    }

    fn properties(item: &Item) -> [(&'static str, Cow<'static, str>); 6] {
        [
            // In a real program it is not static, and has to be owned.
            ("order.id", item.id.to_owned().into()),
            ("product", item.product.into()),
            ("currency", item.currency.into()),
            ("quantity", item.quantity.to_string().into()),
            ("price", item.price.to_string().into()),
            ("is_gift", if item.is_gift { "true" } else { "false" }.into()),
        ]
    }
}
