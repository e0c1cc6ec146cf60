//! Broken propagation: work that came in from one of us without a trace to continue.
//!
//! Only what was wrong and where it came from is kept, never what a header held.

use std::{
    collections::HashMap,
    fmt,
    sync::OnceLock,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use crate::{
    attributes::OTHER,
    carrier::CarrierKind,
    fence::{Callback, Panics},
};

/// How many peers are told apart; those beyond are counted together.
const MAX_PEERS: usize = 64;
/// The longest name of a peer, in bytes.
const MAX_PEER: usize = 128;
/// How often at most the same problem is told.
const SILENCE: Duration = Duration::from_secs(10);

/// Why work that came in has no trace to continue.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum BrokenReason {
    /// The sender named none.
    Missing,
    /// What the sender named is malformed.
    Malformed,
    /// The sender named more than one.
    Repeated,
    /// Peers are listed, and the sender's address is not known: nobody is continued.
    UnknownSender,
}

impl BrokenReason {
    /// The name in metrics and events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::Repeated => "repeated",
            Self::UnknownSender => "unknown_sender",
        }
    }
}

/// Where propagation broke, and how often.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct BrokenPropagation {
    /// What was wrong.
    pub reason: BrokenReason,
    /// What the work came in by.
    pub carrier: CarrierKind,
    /// Who sent it: the private address of an HTTP or gRPC peer, or `public`; the topic or queue of a
    /// message; `unknown`; and `_other` once there are more than 64 of them.
    pub peer: String,
    /// How often.
    pub count: u64,
}

/// Told when propagation broke, at most once in ten seconds for each reason.
pub(crate) type Notify = Box<dyn Fn(BrokenReason, CarrierKind) + Send + Sync>;

/// The counts of broken propagation.
#[derive(Default)]
pub(super) struct Broken {
    counts: Mutex<Counts>,
    notify: OnceLock<Notify>,
}

#[derive(Default)]
struct Counts {
    by_peer: HashMap<String, HashMap<(BrokenReason, CarrierKind), u64>>,
    told: HashMap<BrokenReason, Instant>,
}

impl Broken {
    pub(super) fn notify(&self, notify: Notify) {
        let _ = self.notify.set(notify); // the first one stays
    }

    pub(super) fn count(
        &self,
        reason: BrokenReason,
        carrier: CarrierKind,
        peer: Option<&str>,
        panics: &Panics,
    ) {
        let peer =
            peer.map_or("unknown", |peer| peer.get(..peer.floor_char_boundary(MAX_PEER)).unwrap_or(OTHER));
        let is_told = {
            let mut counts = self.counts.lock();
            let peer = if counts.by_peer.len() < MAX_PEERS || counts.by_peer.contains_key(peer) {
                peer
            } else {
                OTHER
            };
            // Once for each peer, and not for each request.
            if !counts.by_peer.contains_key(peer) {
                counts.by_peer.insert(peer.to_owned(), HashMap::new());
            }
            if let Some(count) = counts.by_peer.get_mut(peer) {
                *count.entry((reason, carrier)).or_default() += 1;
            }
            counts.tells(reason)
        };
        if let (true, Some(notify)) = (is_told, self.notify.get()) {
            panics.fence(Callback::Notifier, || notify(reason, carrier));
        }
    }

    pub(super) fn snapshot(&self) -> Vec<BrokenPropagation> {
        let counts = self.counts.lock();
        let all = counts.by_peer.iter().flat_map(|(peer, counts)| {
            counts.iter().map(|((reason, carrier), count)| BrokenPropagation {
                reason: *reason,
                carrier: *carrier,
                peer: peer.clone(),
                count: *count,
            })
        });
        let mut all: Vec<_> = all.collect();
        all.sort_by(|a, b| (&a.peer, a.reason, a.carrier.name()).cmp(&(&b.peer, b.reason, b.carrier.name())));
        all
    }
}

impl Counts {
    /// Whether this reason is to be told again.
    fn tells(&mut self, reason: BrokenReason) -> bool {
        let now = Instant::now();
        let is_due = self.told.get(&reason).is_none_or(|last| now.duration_since(*last) >= SILENCE);
        if is_due {
            self.told.insert(reason, now);
        }
        is_due
    }
}

impl fmt::Debug for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.snapshot()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    };

    use super::*;

    #[test]
    fn what_broke_is_counted_by_reason_carrier_and_peer() {
        let broken = Broken::default();
        broken.count(BrokenReason::Missing, CarrierKind::Http, Some("10.0.0.1"), &Panics::default());
        broken.count(BrokenReason::Missing, CarrierKind::Http, Some("10.0.0.1"), &Panics::default());
        broken.count(BrokenReason::Repeated, CarrierKind::Http, None, &Panics::default());
        let counts: Vec<_> = broken.snapshot().into_iter().map(|it| (it.peer, it.reason, it.count)).collect();
        assert_eq!(
            counts,
            [("10.0.0.1".into(), BrokenReason::Missing, 2), ("unknown".into(), BrokenReason::Repeated, 1)]
        );
    }

    #[test]
    fn peers_beyond_the_bound_are_counted_together() {
        let broken = Broken::default();
        for peer in 0..200 {
            broken.count(
                BrokenReason::Missing,
                CarrierKind::Http,
                Some(&peer.to_string()),
                &Panics::default(),
            );
        }
        let counts = broken.snapshot();
        assert_eq!(counts.len(), MAX_PEERS + 1);
        assert_eq!(counts.iter().map(|it| it.count).sum::<u64>(), 200);
        assert_eq!(counts.iter().find(|it| it.peer == OTHER).map(|it| it.count), Some(136));
    }

    #[test]
    fn a_reason_is_told_once_in_a_while() {
        let told = Arc::new(AtomicUsize::new(0));
        let broken = Broken::default();
        let counter = told.clone();
        broken.notify(Box::new(move |_, _| {
            counter.fetch_add(1, Relaxed);
        }));
        for _ in 0..100 {
            broken.count(BrokenReason::Missing, CarrierKind::Http, None, &Panics::default());
            broken.count(BrokenReason::Malformed, CarrierKind::Grpc, None, &Panics::default());
        }
        assert_eq!(told.load(Relaxed), 2);
    }

    #[test]
    fn a_notifier_that_panics_is_counted() {
        let (broken, panics) = (Broken::default(), Panics::default());
        broken.notify(Box::new(|_, _| panic!("foreign")));
        broken.count(BrokenReason::Missing, CarrierKind::Http, None, &panics);
        assert_eq!((panics.of(Callback::Notifier), broken.snapshot().len()), (1, 1));
    }
}
