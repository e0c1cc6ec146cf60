//! What the servers and the waiting callers of a receiver share.

use std::sync::Arc;
use std::time::Instant;

use parking_lot::{Condvar, Mutex, MutexGuard};
use tokio::sync::watch;

use super::fault::{Fault, Faults};
use super::request::{Export, Protocol, ReceivedRequest};
use super::store::{Limits, Store};

#[derive(Debug)]
pub(crate) struct Shared {
    store: Mutex<Store>,
    faults: Mutex<Faults>,
    /// Wakes blocking callers; guards nothing but the moment.
    changed: Condvar,
    /// Wakes async callers.
    revision: watch::Sender<u64>,
    is_stopped: watch::Sender<bool>,
    pub(crate) max_request_bytes: usize,
}

/// What to do about a request.
#[derive(Debug)]
pub(crate) enum Verdict<R> {
    /// Answer this.
    Answer(R),
    /// Answer this, after a time.
    AnswerAfter(std::time::Duration, R),
    /// Answer a status, perhaps with the wish to come back after a time.
    Fail(u16, Option<std::time::Duration>),
    /// Never answer.
    Hang,
    /// Cut the connection.
    Disconnect,
}

impl Shared {
    pub(crate) fn new(limits: Limits, max_request_bytes: usize) -> Arc<Self> {
        Arc::new(Self {
            store: Mutex::new(Store::new(limits)),
            faults: Mutex::default(),
            changed: Condvar::new(),
            revision: watch::Sender::new(0),
            is_stopped: watch::Sender::new(false),
            max_request_bytes,
        })
    }

    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock()
    }

    pub(crate) fn set_fault(&self, fault: Option<Fault>, times: Option<usize>) {
        self.faults.lock().set(fault, times);
    }

    pub(crate) fn add_request(&self, request: ReceivedRequest) {
        self.store.lock().add_request(request);
        self.tell();
    }

    pub(crate) fn add_malformed(&self) {
        self.store.lock().counts_mut().malformed_requests += 1;
        self.tell();
    }

    /// Counts, decodes and keeps a request, unless a fault is in force.
    ///
    /// # Errors
    /// Where `message` cannot be decoded: why.
    pub(crate) fn export<E: Export>(
        &self,
        protocol: Protocol,
        headers: Vec<(String, String)>,
        message: &[u8],
    ) -> Result<Verdict<E::Response>, String> {
        self.add_request(ReceivedRequest { signal: E::SIGNAL, protocol, headers, bytes: message.len() });

        let fault = self.faults.lock().next();
        if fault.is_some() {
            self.store.lock().counts_mut().faulted_requests += 1;
        }
        match fault {
            Some(Fault::Status(status)) => return Ok(Verdict::Fail(status, None)),
            Some(Fault::Throttle(after)) => return Ok(Verdict::Fail(429, Some(after))),
            Some(Fault::Hang) => return Ok(Verdict::Hang),
            Some(Fault::Disconnect) => return Ok(Verdict::Disconnect),
            Some(Fault::Delay(_) | Fault::LoseAnswer | Fault::RefuseSpan(_) | Fault::Refuse(_)) | None => {}
        }

        let decoded = match protocol {
            Protocol::HttpJson => serde_json::from_slice(message).map_err(|e| e.to_string()),
            Protocol::HttpProtobuf | Protocol::Grpc => E::decode(message).map_err(|error| error.to_string()),
        };
        let request: E = decoded.inspect_err(|_| self.add_malformed())?;
        if let Some(Fault::RefuseSpan(name)) = fault
            && request.has_span(name)
        {
            return Ok(Verdict::Fail(400, None));
        }
        let mut refused = request.keep(&mut self.store.lock());
        self.tell();

        if let Some(Fault::Refuse(count)) = fault {
            refused.count = count;
            refused.reason = "refused by the test";
        }
        let response = match refused.count {
            0 => E::Response::default(),
            _ => E::partial(refused),
        };
        Ok(match fault {
            Some(Fault::Delay(after)) => Verdict::AnswerAfter(after, response),
            Some(Fault::LoseAnswer) => Verdict::Disconnect,
            _ => Verdict::Answer(response),
        })
    }

    pub(crate) fn stop(&self) {
        self.is_stopped.send_replace(true);
        self.tell();
    }

    pub(crate) fn is_stopped(&self) -> bool {
        *self.is_stopped.borrow()
    }

    pub(crate) async fn stopped(&self) {
        let mut is_stopped = self.is_stopped.subscribe();
        // The sender lives as long as `self`: this cannot fail.
        let _ = is_stopped.wait_for(|is_stopped| *is_stopped).await;
    }

    /// Sees the next change after the moment of this call.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    /// Blocks until `look` finds something, the deadline has passed, or the receiver is stopped.
    ///
    /// Looks without a lock on the store, so that it may ask the receiver whatever it likes.
    pub(crate) fn wait<T>(&self, deadline: Instant, mut look: impl FnMut(&Self) -> Option<T>) -> Option<T> {
        loop {
            let seen = *self.revision.borrow();
            if let Some(found) = look(self) {
                return Some(found);
            }
            let mut store = self.store.lock();
            while *self.revision.borrow() == seen {
                if self.is_stopped() {
                    return None;
                }
                if self.changed.wait_until(&mut store, deadline).timed_out() {
                    return None;
                }
            }
        }
    }

    /// Wakes all who wait. The lock makes sure that none is between its look and its sleep.
    fn tell(&self) {
        let store = self.store.lock();
        self.revision.send_modify(|revision| *revision += 1);
        drop(store);
        self.changed.notify_all();
    }
}
