//! Waiting for what a receiver gets: by condition, with a deadline, never by sleep.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::shared::Shared;
use crate::error::NotReceived;

/// How long a wait lasts unless it is told otherwise.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(10);

/// Something that will arrive: `await` it, or block on it.
///
/// In an async test, `receiver.trace(id).await`; elsewhere `receiver.trace(id).blocking()`, which
/// must not be called where it keeps the code under test from running (a server on the same
/// current-thread runtime). Both panic at the deadline, with what has arrived until then;
/// [`result`](Self::result) and [`blocking_result`](Self::blocking_result) return that instead.
///
/// The deadline runs on the clock of the receiver's own runtime: it works under any executor, and
/// under tokio's paused time.
#[must_use = "nothing is waited for until this is awaited, or `blocking` is called"]
pub struct Wait<'a, T> {
    shared: Arc<Shared>,
    /// The receiver's runtime. When that was stopped, its timers end at once.
    timer: Handle,
    look: Look<'a, T>,
    explain: Box<dyn Fn(&Shared) -> String + Send + 'a>,
    what: String,
    within: Duration,
    caller: &'static Location<'static>,
}

type Look<'a, T> = Box<dyn FnMut(&Shared) -> Option<T> + Send + 'a>;

impl<'a, T: Send + 'a> Wait<'a, T> {
    /// Waits until `look` finds something; `explain` says what there is instead.
    #[track_caller]
    pub(crate) fn new(
        shared: Arc<Shared>,
        timer: Handle,
        what: impl Into<String>,
        look: impl FnMut(&Shared) -> Option<T> + Send + 'a,
        explain: impl Fn(&Shared) -> String + Send + 'a,
    ) -> Self {
        Self {
            shared,
            timer,
            look: Box::new(look),
            explain: Box::new(explain),
            what: what.into(),
            within: DEFAULT_DEADLINE,
            caller: Location::caller(),
        }
    }

    /// Waits on until this is true of it as well. May be called several times.
    pub fn with(mut self, mut condition: impl FnMut(&T) -> bool + Send + 'a) -> Self {
        let mut look = self.look;
        self.look = Box::new(move |shared| look(shared).filter(|found| condition(found)));
        if !self.what.ends_with(CONDITION) {
            self.what.push_str(CONDITION);
        }
        self
    }

    /// How long to wait. Defaults to [`DEFAULT_DEADLINE`].
    pub fn within(self, within: Duration) -> Self {
        Self { within, ..self }
    }

    /// Blocks until it is there.
    ///
    /// # Panics
    /// At the deadline, or when the receiver is stopped; the message says what there is.
    #[track_caller]
    pub fn blocking(self) -> T {
        self.blocking_result().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Blocks until it is there.
    ///
    /// # Errors
    /// At the deadline, or when the receiver is stopped; the error says what there is.
    pub fn blocking_result(mut self) -> Result<T, NotReceived> {
        let deadline = Instant::now() + self.within;
        let found = self.shared.wait(deadline, &mut self.look);
        found.ok_or_else(|| self.not_received())
    }

    /// Waits until it is there.
    ///
    /// # Errors
    /// At the deadline, or when the receiver is stopped; the error says what there is.
    pub async fn result(mut self) -> Result<T, NotReceived> {
        let mut changes = self.shared.changes();
        let within = self.within;
        // Ends at the deadline, or when the receiver is stopped.
        let timer = self.timer.spawn(async move { tokio::time::sleep(within).await });
        let mut deadline = Some(AbortOnDrop(timer));
        loop {
            changes.mark_unchanged();
            if let Some(found) = (self.look)(&self.shared) {
                return Ok(found);
            }
            let Some(AbortOnDrop(timer)) = &mut deadline else {
                return Err(self.not_received());
            };
            tokio::select! {
                _ = changes.changed() => {}
                _ = timer => deadline = None,
            }
        }
    }

    fn not_received(&self) -> NotReceived {
        NotReceived {
            waited_for: self.what.clone(),
            arrived: (self.explain)(&self.shared),
            within: self.within,
            is_stopped: self.shared.is_stopped(),
            caller: self.caller,
        }
    }
}

/// # Panics
/// At the deadline, or when the receiver is stopped; the message says what there is.
impl<'a, T: Send + 'a> IntoFuture for Wait<'a, T> {
    type Output = T;
    type IntoFuture = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async {
            let result = self.result().await;
            result.unwrap_or_else(|error| panic!("{error}"))
        })
    }
}

impl<T> fmt::Debug for Wait<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").field("what", &self.what).field("within", &self.within).finish_non_exhaustive()
    }
}

const CONDITION: &str = " that meets the condition";

struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
