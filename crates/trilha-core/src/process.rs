//! Whether a process is still the one in which something was made, or a fork of it. What the child does about that
//! is up to whoever asks.
//!
//! Specification: [POSIX.1-2024, `fork`](https://pubs.opengroup.org/onlinepubs/9799919799/functions/fork.html).

use forkguard::Guard;

/// The process in which something was made.
///
/// A child of `fork` begins with its parent's memory, and with one thread alone: what is queued is the parent's to
/// send, what a thread was there for has to begin anew, and random numbers would be the parent's again. To ask
/// costs no system call: libc counts the forks. One that goes past libc's `fork` is not noticed.
///
/// ```
/// use trilha_core::Process;
///
/// let made_in = Process::current();
/// assert!(made_in.is_current());
/// ```
#[derive(Clone, Debug)]
pub struct Process(Option<Guard>);

impl Process {
    /// This process.
    pub fn current() -> Self {
        Self(Guard::try_new().ok()) // the system had no memory for a handler: then forks are not noticed
    }

    /// Whether this process is that one, and not a fork of it.
    #[inline]
    pub fn is_current(&self) -> bool {
        self.0.clone().is_none_or(|mut guard| !guard.detected_fork())
    }
}
