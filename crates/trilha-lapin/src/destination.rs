//! What RabbitMQ's exchanges, routing keys and queues are called.
//!
//! Specification: [OpenTelemetry semantic conventions for RabbitMQ 1.37](https://github.com/open-telemetry/semantic-conventions/blob/v1.37.0/docs/messaging/rabbitmq.md).

use trilha_core::messaging::Destination;

/// Where a message is published to: `{exchange}:{routing key}`, of which the exchange alone is known to
/// have few values; through the default exchange, the routing key is a queue.
pub(crate) fn published<'a>(exchange: &'a str, routing_key: &'a str) -> Destination<'a> {
    match (exchange, routing_key) {
        ("", "") => Destination::new("amq.default"),
        ("", queue) => self::queue(queue),
        (exchange, "") => Destination::new(exchange),
        (exchange, key) => Destination::new(format!("{exchange}:{key}")).template(exchange),
    }
}

/// Where a message was taken from: `{exchange}:{routing key}:{queue}`, of which the queue is what its
/// consumers know.
pub(crate) fn delivered<'a>(exchange: &'a str, routing_key: &'a str, queue: &'a str) -> Destination<'a> {
    if queue.is_empty() {
        return published(exchange, routing_key);
    }
    let routing_key = if routing_key == queue { "" } else { routing_key };
    let parts = [exchange, routing_key, queue];
    if parts.iter().filter(|part| !part.is_empty()).count() == 1 {
        return self::queue(queue);
    }
    let name = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(":");
    let destination = Destination::new(name);
    if is_generated(queue) { destination.temporary() } else { destination.template(queue) }
}

/// A queue that is known by its name alone.
pub(crate) fn queue(name: &str) -> Destination<'_> {
    let destination = Destination::new(name);
    if is_generated(name) { destination.temporary() } else { destination }
}

/// Whether the broker made the name up, for one client: of a queue declared without a name, or of
/// direct reply-to.
fn is_generated(queue: &str) -> bool {
    queue.starts_with("amq.gen-") || queue.starts_with("amq.rabbitmq.reply-to")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn publishing_is_named_by_the_exchange_or_the_queue() {
        assert_eq!(published("shop", "order.1"), Destination::new("shop:order.1").template("shop"));
        assert_eq!(published("shop", ""), Destination::new("shop"));
        assert_eq!(published("", "orders"), Destination::new("orders"));
        assert_eq!(published("", ""), Destination::new("amq.default"));
    }

    #[test]
    fn consuming_is_named_by_the_queue() {
        assert_eq!(
            delivered("shop", "order.1", "orders"),
            Destination::new("shop:order.1:orders").template("orders")
        );
        assert_eq!(delivered("shop", "orders", "orders"), Destination::new("shop:orders").template("orders"));
        assert_eq!(delivered("", "orders", "orders"), Destination::new("orders"));
        assert_eq!(delivered("shop", "order.1", ""), published("shop", "order.1"));
    }

    #[test]
    fn generated_names_are_temporary() {
        for name in ["amq.gen-JzTY20BRgKO-HjmUJj0wLg", "amq.rabbitmq.reply-to.g2dkABByYWJiaXQ="] {
            assert_eq!(published("", name), Destination::new(name).temporary());
            assert_eq!(delivered("", name, name), Destination::new(name).temporary());
        }
        let bound = delivered("shop", "order.1", "amq.gen-x");
        assert_eq!(bound, Destination::new("shop:order.1:amq.gen-x").temporary());
    }
}
