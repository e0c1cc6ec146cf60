//! Carriers that panic: the work is done without them, and it is counted.

use trilha_core::{
    Carrier, CarrierKind, CarrierMut, Handle, Operation, Recipient, SpanKind, Stats, TraceContext, Trust,
    fence::Callback,
};

use crate::support::{SCOPE, Watch};

/// Panics at all but its kind.
struct Bomb;

impl Carrier for Bomb {
    fn kind(&self) -> CarrierKind {
        CarrierKind::Messaging
    }

    fn for_each(&self, _: &str, _: &mut dyn FnMut(&[u8])) {
        panic!("of the carrier")
    }
}

impl CarrierMut for Bomb {
    fn set(&mut self, _: &'static str, _: &[u8]) -> bool {
        panic!("of the carrier")
    }

    fn remove(&mut self, _: &'static str) {
        panic!("of the carrier")
    }
}

#[test]
fn an_operation_starts_and_sends_without_its_carrier() {
    let handle = Handle::builder(std::sync::Arc::new(Watch::default())).build();
    let panics = || handle.panics().of(Callback::Carrier);
    for (trust, expected) in [(Trust::Internal, 1), (Trust::Edge, 3)] {
        let builder = Operation::builder(&SCOPE, "work", SpanKind::Consumer).handle(handle.clone());
        let operation = builder.extract(&Bomb, trust).start();
        assert_eq!(panics(), expected, "{trust:?}");
        operation.inject(&mut Bomb, Recipient::Unknown);
        assert_eq!(panics(), expected + 1, "{trust:?}");
    }
}

#[test]
fn a_trace_is_read_and_written_without_its_carrier() {
    let (propagation, stats) = (trilha_core::Propagation::default(), Stats::default());
    assert!(propagation.extract(&Bomb, &stats).is_none());
    propagation.inject(&TraceContext::none(), &mut Bomb, &stats);
    assert_eq!(stats.panics().of(Callback::Carrier), 2);
}
