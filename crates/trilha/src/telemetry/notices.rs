//! One hint for each key that nobody declared, as a log line.
//!
//! The guard finds them in the midst of somebody's work, under a subscriber perhaps that cannot be asked again:
//! the lines are written by a thread of their own.

use std::{
    sync::{Arc, mpsc},
    thread,
};

use trilha_core::guard::{Mode, Place};

use super::Parts;

/// Hints that wait to be written. More are only in the guard's report.
const MOST_WAITING: usize = 64;

/// Writes hints for as long as there is telemetry, which they do not keep alive, nor its guard. Without a thread
/// they are in the guard's report alone.
pub(super) fn start(parts: &Arc<Parts>) {
    let guard = parts.handle.guard();
    if guard.rules().undeclared() != Mode::Strict {
        return;
    }
    let (sender, hints) = mpsc::sync_channel::<(Place, String)>(MOST_WAITING);
    let parts = Arc::downgrade(parts);
    let writer = thread::Builder::new().name("trilha-notices".into()).spawn(move || {
        let may_leave = |key: &str| {
            parts.upgrade().is_some_and(|parts| parts.handle.guard().lets_pass(Place::Own, "", key))
        };
        for (place, key) in hints.into_iter().filter(|(_, key)| may_leave(key)) {
            let exit = place.name();
            // All in the message: a strict guard drops text of fields that nobody declared, these too.
            tracing::warn!(
                "text under `{key}` is dropped as {exit}, since nobody declared the key: `[keys]` or `[guard.keys]` of \
                 the policy can"
            );
        }
    });
    if writer.is_ok() {
        guard.on_undeclared(move |place, key| {
            let _ = sender.try_send((place, key.to_owned()));
        });
    }
}

#[cfg(test)]
mod tests {
    use std::{ops::Range, sync::Arc};

    use trilha_core::{guard::Detect, policy::Policy};

    use crate::{
        Telemetry,
        settings::{Env, Options, Settings},
    };

    /// A detector that lives as long as the guard that asks it.
    #[derive(Debug)]
    struct Nothing;

    impl Detect for Nothing {
        fn name(&self) -> &str {
            "nothing"
        }

        fn find(&self, _: &[u8], _: usize) -> Option<Range<usize>> {
            None
        }
    }

    #[test]
    fn the_hints_of_a_strict_guard_do_not_keep_it_alive() {
        let detector = Arc::new(Nothing);
        let mut options = Options::default();
        options.resource.service_name = "orders".into();
        options.policy = Some(Policy::parse("version = 1\n[guard]\nmode = 'strict'").unwrap());
        options.guard.detectors.push(detector.clone());
        let off = Env::of(&[("OTEL_SDK_DISABLED", "true")]);
        let telemetry = Telemetry::start(&Settings::resolve(options, &off).unwrap()).unwrap();
        assert!(Arc::strong_count(&detector) > 1);
        drop(telemetry);
        assert_eq!(Arc::strong_count(&detector), 1);
    }
}
