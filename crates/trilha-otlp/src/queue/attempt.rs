//! Whether anything of a request has left: the one fact that tells a lost batch from one that the
//! receiver may have.

use std::sync::atomic::Ordering::SeqCst;

use super::sync::AtomicU8;

const HELD: u8 = 0;
const SENT: u8 = 1;
const WITHDRAWN: u8 = 2;

/// One attempt to send a batch. Either its payload was handed to a connection, or it was withdrawn
/// and never will be: whoever comes first decides, from whichever thread.
#[derive(Debug, Default)]
pub(crate) struct Attempt(AtomicU8);

impl Attempt {
    /// A transport is about to hand the payload out. False: it must not.
    pub(crate) fn depart(&self) -> bool {
        self.0.compare_exchange(HELD, SENT, SeqCst, SeqCst).is_ok()
    }

    /// Gives the attempt up. True: nothing was handed out, and nothing will be.
    pub(crate) fn withdraw(&self) -> bool {
        self.0.compare_exchange(HELD, WITHDRAWN, SeqCst, SeqCst).is_ok() || self.0.load(SeqCst) == WITHDRAWN
    }
}
