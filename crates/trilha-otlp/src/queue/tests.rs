//! Every snapshot adds up, whatever is done, and by how many threads.

use std::{
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
};

use proptest::{collection::vec, prelude::*};
use trilha_core::{Scope, SpanCounts};

use super::{Attempt, Bounds, EndedSpan, Fate, Goal, Next, Queue};

const SCOPE: Scope = Scope::new("test", "1");

const BOUNDS: Bounds = Bounds { queue_spans: 8, queue_bytes: 4_096, batch_spans: 3, batch_bytes: 100 };

fn ended(len: usize) -> EndedSpan {
    EndedSpan { scope: SCOPE, message: vec![0; len] }
}

#[track_caller]
fn assert_adds_up(counts: &SpanCounts) {
    let ended =
        counts.delivered + counts.dropped.total() + counts.queued + counts.in_flight + counts.unacknowledged;
    assert_eq!(counts.created, ended + counts.open, "{counts:?}");
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Start,
    End { len: usize },
    Take { is_time_up: bool },
    Attempt { may_be_taken: bool },
    Depart,
    Settle(Fate),
    Panic,
    Close,
    Abandon,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let fate = prop_oneof![
        (0..5u64).prop_map(|rejected| Fate::Delivered { rejected }),
        Just(Fate::Rejected),
        Just(Fate::Failed),
        Just(Fate::Unanswered),
    ];
    let step = prop_oneof![
        20 => Just(Step::Start),
        20 => (0..2_000usize).prop_map(|len| Step::End { len }),
        8 => any::<bool>().prop_map(|is_time_up| Step::Take { is_time_up }),
        4 => any::<bool>().prop_map(|may_be_taken| Step::Attempt { may_be_taken }),
        4 => Just(Step::Depart),
        8 => fate.prop_map(Step::Settle),
        1 => Just(Step::Panic),
        1 => Just(Step::Close),
        1 => Just(Step::Abandon),
    ];
    vec(step, 0..120)
}

proptest! {
    #[test]
    fn counts_add_up_after_every_step(steps in steps()) {
        let queue = Queue::new(BOUNDS);
        let (mut open, mut attempt, mut is_flying) = (0u64, None, false);
        for step in steps {
            match step {
                Step::Start => {
                    queue.start();
                    open += 1;
                }
                Step::End { len } if open > 0 => {
                    queue.end(ended(len));
                    open -= 1;
                }
                Step::Take { is_time_up } if !is_flying => {
                    is_flying = matches!(queue.next(is_time_up), Next::Send(_));
                }
                Step::Attempt { may_be_taken } => attempt = queue.next_attempt(may_be_taken),
                Step::Depart => {
                    let _ = attempt.as_ref().map(|attempt| attempt.depart());
                }
                Step::Settle(fate) => {
                    queue.settle(fate);
                    is_flying = false;
                }
                Step::Panic => {
                    queue.settle_after_panic();
                    is_flying = false;
                }
                Step::Close => queue.close(),
                Step::Abandon => {
                    queue.abandon();
                    is_flying = false;
                }
                Step::End { .. } | Step::Take { .. } => {}
            }
            let counts = queue.counts();
            assert_adds_up(&counts);
            prop_assert_eq!(counts.open, open);
            prop_assert!(counts.queued <= BOUNDS.queue_spans as u64);
        }
        queue.abandon();
        let counts = queue.counts();
        prop_assert_eq!((counts.queued, counts.in_flight, counts.open), (0, 0, open));
        prop_assert!(queue.has_reached(Goal::Finished));
    }
}

#[test]
fn counts_add_up_in_every_snapshot_under_many_threads() {
    const THREADS: usize = 4;
    const SNAPSHOTS: usize = 50_000;
    let bounds = Bounds { queue_spans: 64, queue_bytes: 1 << 20, batch_spans: 16, batch_bytes: 1 << 20 };
    let (queue, is_over) = (Queue::new(bounds), AtomicBool::new(false));
    let barrier = Barrier::new(THREADS + 2);
    let (snapshots, made) = thread::scope(|scope| {
        let end_spans = || {
            barrier.wait();
            let mut made = 0;
            while !is_over.load(Relaxed) {
                queue.start();
                queue.end(ended(10));
                made += 1;
            }
            made
        };
        let enders: Vec<_> = (0..THREADS).map(|_| scope.spawn(end_spans)).collect();
        scope.spawn(|| {
            barrier.wait();
            let fates = [Fate::Delivered { rejected: 1 }, Fate::Rejected, Fate::Failed, Fate::Unanswered];
            for fate in fates.iter().cycle() {
                match queue.next(true) {
                    Next::Send(_) => queue.settle(*fate),
                    Next::Finished => break,
                    Next::Idle | Next::Gather => thread::yield_now(),
                }
            }
        });
        barrier.wait();
        // Judged later: a panic here would leave the others waiting.
        let snapshots: Vec<_> = (0..SNAPSHOTS).map(|_| queue.counts()).collect();
        is_over.store(true, Relaxed);
        let made: u64 = enders.into_iter().map(|thread| thread.join().unwrap()).sum();
        queue.close();
        (snapshots, made)
    });
    snapshots.iter().for_each(assert_adds_up);
    assert!(snapshots.iter().all(|counts| counts.open <= THREADS as u64));
    let counts = queue.counts();
    assert_adds_up(&counts);
    assert_eq!((counts.created, counts.open, counts.queued, counts.in_flight), (made, 0, 0, 0));
}

#[test]
fn a_full_queue_drops_and_counts() {
    let queue = Queue::new(BOUNDS);
    for _ in 0..10 {
        queue.start();
        queue.end(ended(1));
    }
    assert_eq!((queue.counts().queued, queue.counts().dropped.queue_full), (8, 2));

    let queue = Queue::new(BOUNDS);
    for _ in 0..3 {
        queue.start();
        queue.end(ended(1_900));
    }
    assert_eq!((queue.counts().queued, queue.counts().dropped.queue_full), (2, 1));
}

#[test]
fn a_batch_is_bounded_in_spans_and_bytes_and_never_empty() {
    let queue = Queue::new(BOUNDS);
    let taken = |lens: &[usize]| {
        lens.iter().for_each(|len| queue.end(ended(*len)));
        let mut sizes = Vec::new();
        while let Next::Send(batch) = queue.next(true) {
            queue.settle(Fate::Delivered { rejected: 0 });
            sizes.push(batch.len());
        }
        sizes
    };
    assert_eq!(taken(&[1, 1, 1, 1]), [3, 1]);
    assert_eq!(taken(&[60, 40, 1]), [2, 1]);
    assert_eq!(taken(&[500, 500]), [1, 1]);
    assert_eq!(taken(&[0, 0, 200]), [2, 1]);
}

#[test]
fn an_attempt_either_departs_or_is_withdrawn() {
    for _ in 0..200 {
        let attempt = Attempt::default();
        let departed = thread::scope(|scope| {
            let sender = scope.spawn(|| attempt.depart());
            let is_withdrawn = attempt.withdraw();
            let departed = sender.join().unwrap();
            assert_ne!(departed, is_withdrawn);
            departed
        });
        assert!(!attempt.depart());
        assert_eq!(attempt.withdraw(), !departed);
    }
}
