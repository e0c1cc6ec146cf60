//! One snapshot for all callbacks of a collection. The API has no callback over several instruments: each asks for
//! itself, and would see a moment of its own.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
};

use parking_lot::Mutex;

/// Snapshots that callbacks share. Clones share them too.
///
/// A collection runs each callback once: whoever asks a second time begins the next collection. Two readers that
/// collect at the same time may see more snapshots than collections, and none that is older than its own.
pub(crate) struct Snapshots<T>(Arc<Shared<T>>);

struct Shared<T> {
    read: Box<dyn Fn() -> T + Send + Sync>,
    callbacks: AtomicU32,
    current: Mutex<Option<Current<T>>>,
}

struct Current<T> {
    snapshot: Arc<T>,
    /// Who has seen it, a bit for each.
    seen_by: u32,
}

impl<T> Snapshots<T> {
    pub(crate) fn new(read: impl Fn() -> T + Send + Sync + 'static) -> Self {
        Self(Arc::new(Shared {
            read: Box::new(read),
            callbacks: AtomicU32::new(0),
            current: Mutex::new(None),
        }))
    }

    /// The view of one more callback: of at most 32.
    pub(crate) fn view(&self) -> View<T> {
        let number = self.0.callbacks.fetch_add(1, Relaxed);
        View { shared: self.0.clone(), bit: 1 << (number % u32::BITS) }
    }
}

/// What one callback sees of the snapshots.
pub(crate) struct View<T> {
    shared: Arc<Shared<T>>,
    bit: u32,
}

impl<T> View<T> {
    pub(crate) fn take(&self) -> Arc<T> {
        let mut current = self.shared.current.lock();
        match &mut *current {
            Some(current) if current.seen_by & self.bit == 0 => {
                current.seen_by |= self.bit;
                current.snapshot.clone()
            }
            _ => {
                let snapshot = Arc::new((self.shared.read)());
                *current = Some(Current { snapshot: snapshot.clone(), seen_by: self.bit });
                snapshot
            }
        }
    }
}

impl<T> fmt::Debug for Snapshots<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshots").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_callbacks_of_a_collection_see_one_snapshot_and_the_next_collection_another() {
        let reads = AtomicU32::new(0);
        let snapshots = Snapshots::new(move || reads.fetch_add(1, Relaxed));
        let views = [snapshots.view(), snapshots.view(), snapshots.view()];
        let collect = || views.each_ref().map(|view| *view.take());
        assert_eq!(collect(), [0; 3]);
        assert_eq!(collect(), [1; 3]);
    }

    #[test]
    fn a_callback_that_is_never_asked_holds_nothing_back() {
        let reads = AtomicU32::new(0);
        let snapshots = Snapshots::new(move || reads.fetch_add(1, Relaxed));
        let (asked, _never) = (snapshots.view(), snapshots.view());
        assert_eq!([*asked.take(), *asked.take()], [0, 1]);
    }
}
