//! Wrong answers on purpose, for tests of a sender's behaviour.

use std::time::Duration;

/// What a receiver does with an export request instead of accepting it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// Answers with an HTTP status, or with the gRPC status that corresponds to it; keeps nothing.
    Status(u16),
    /// Answers 429 (gRPC: `RESOURCE_EXHAUSTED`) and asks to come back after a time, in whole
    /// seconds over HTTP; keeps nothing.
    Throttle(Duration),
    /// Accepts, and answers after a time.
    Delay(Duration),
    /// Never answers; keeps nothing.
    Hang,
    /// Cuts the connection; keeps nothing.
    Disconnect,
    /// Accepts and keeps, and cuts the connection instead of answering.
    LoseAnswer,
    /// Answers 400 (gRPC: `INVALID_ARGUMENT`) to a request with a span of this name, and keeps nothing of
    /// it; accepts all others.
    RefuseSpan(&'static str),
    /// Answers that so many items were refused, whatever there was; keeps all.
    Refuse(i64),
}

/// The fault in force.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    fault: Option<Fault>,
    /// For how many more requests; `None` is for all.
    left: Option<usize>,
}

impl Faults {
    pub(crate) fn set(&mut self, fault: Option<Fault>, times: Option<usize>) {
        self.fault = fault;
        self.left = times;
    }

    /// The fault for the next request.
    pub(crate) fn next(&mut self) -> Option<Fault> {
        match &mut self.left {
            Some(0) => None,
            Some(left) => {
                *left -= 1;
                self.fault
            }
            None => self.fault,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_lasts_as_often_as_was_said() {
        let mut faults = Faults::default();
        assert_eq!(faults.next(), None);
        faults.set(Some(Fault::Hang), Some(1));
        assert_eq!((faults.next(), faults.next()), (Some(Fault::Hang), None));
        faults.set(Some(Fault::Hang), None);
        assert_eq!((faults.next(), faults.next()), (Some(Fault::Hang), Some(Fault::Hang)));
        faults.set(None, None);
        assert_eq!(faults.next(), None);
    }
}
