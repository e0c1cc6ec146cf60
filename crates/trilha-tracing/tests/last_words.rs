//! What is logged or done in the destructor of a thread-local value: the thread ends, and the process does not.
//!
//! Spans are not among it, nor are lines of text: there tracing-subscriber ends the process by itself.

#![allow(clippy::unwrap_used, reason = "only tests call this")]

use std::{env, process::Command, thread};

use tracing::{Dispatch, dispatcher, info, info_span};
use tracing_subscriber::prelude::*;
use trilha_core::{ContextAttributes, Handle, Operation, Outcome, Scope, SpanKind, carry};
use trilha_tracing::TraceLayer;

const SCOPE: Scope = Scope::new("test", "");

thread_local! {
    static LAST: Last = const { Last };
}

/// Speaks when nothing of the thread is left to speak with.
struct Last;

impl Drop for Last {
    fn drop(&mut self) {
        info!("a line");
        let mut operation = Operation::builder(&SCOPE, "an operation", SpanKind::Internal).start();
        operation.enter(|| ContextAttributes::current().tenant("acme").clone());
        operation.finish(Outcome::Ok);
        carry(Handle::current)();
    }
}

#[test]
fn the_last_words_of_a_thread_end_no_process() {
    let test = thread::current().name().unwrap().to_owned();
    if env::var_os("IS_CHILD").is_none() {
        let mut child = Command::new(env::current_exe().unwrap());
        let ended = child.args([&test, "--exact"]).env("IS_CHILD", "1").output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        return;
    }
    let subscriber = tracing_subscriber::registry().with(TraceLayer::new(Handle::disabled()));
    dispatcher::set_global_default(Dispatch::new(subscriber)).unwrap();
    thread::spawn(|| {
        LAST.with(|_| ()); // made first, dropped last
        info_span!("work").in_scope(|| info!("a line"));
    })
    .join()
    .unwrap();
}
