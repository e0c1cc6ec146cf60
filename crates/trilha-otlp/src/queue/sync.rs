//! The locks and counters of the queue: the usual ones, or those of the model checker, which tries the orders in
//! which threads may take them.

#[cfg(not(shuttle))]
pub(super) use {
    parking_lot::{Condvar, Mutex},
    std::sync::atomic::{AtomicU8, AtomicU64},
    tokio::sync::Notify,
};

#[cfg(shuttle)]
pub(super) use {
    self::checked::{Condvar, Mutex, Notify},
    shuttle::sync::atomic::{AtomicU8, AtomicU64},
};

/// Shuttle's locks, in the words of parking_lot, and tokio's notices. No thread of a model panics, so none is poisoned.
#[cfg(shuttle)]
#[allow(clippy::unwrap_used, reason = "only tests are built with it")]
mod checked {
    use std::time::Instant;

    use shuttle::{
        sync::{self, MutexGuard},
        thread,
    };
    use tokio::sync::futures::Notified;

    /// Others may run before each step. It waits for nobody itself: its wakers are shuttle's.
    #[derive(Debug)]
    pub(crate) struct Notify(tokio::sync::Notify);

    impl Notify {
        pub(crate) fn new() -> Self {
            Self(tokio::sync::Notify::new())
        }

        pub(crate) fn notify_one(&self) {
            thread::yield_now();
            self.0.notify_one();
        }

        pub(crate) fn notify_waiters(&self) {
            thread::yield_now();
            self.0.notify_waiters();
        }

        pub(crate) fn notified(&self) -> Notified<'_> {
            thread::yield_now();
            self.0.notified()
        }
    }

    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T>(sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn lock(&self) -> Guard<'_, T> {
            Guard(Some(self.0.lock().unwrap()))
        }
    }

    /// Empty only while its thread waits.
    pub(crate) struct Guard<'a, T>(Option<MutexGuard<'a, T>>);

    impl<T> std::ops::Deref for Guard<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            self.0.as_ref().unwrap()
        }
    }

    impl<T> std::ops::DerefMut for Guard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            self.0.as_mut().unwrap()
        }
    }

    #[derive(Debug)]
    pub(crate) struct Condvar(sync::Condvar);

    impl Condvar {
        pub(crate) fn new() -> Self {
            Self(sync::Condvar::new())
        }

        pub(crate) fn notify_all(&self) {
            self.0.notify_all();
        }

        pub(crate) fn wait<T>(&self, guard: &mut Guard<'_, T>) {
            guard.0 = guard.0.take().map(|held| self.0.wait(held).unwrap());
        }

        /// A model has no clock: it waits for ever, and a wake-up that is missed is found as a deadlock.
        pub(crate) fn wait_until<T>(&self, guard: &mut Guard<'_, T>, _: Instant) -> TimedOut {
            self.wait(guard);
            TimedOut
        }
    }

    pub(crate) struct TimedOut;

    impl TimedOut {
        pub(crate) fn timed_out(&self) -> bool {
            false
        }
    }
}
