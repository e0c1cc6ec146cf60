//! Every snapshot adds up, whatever is done, and by how many threads.

use std::{
    cmp::Reverse,
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
};

use proptest::{collection::vec, prelude::*, sample::Index};
use trilha_core::{Scope, SpanCounts};

use crate::encode::{field::scope_spans::SPANS, sized_len};

use super::{
    Attempt, Bounds, EndedSpan, Fate, Goal, Next, Notice, Queue, Rank, Started, TURNS, block::OVERHEAD,
};

const SCOPE: Scope = Scope::new("test", "1");

const BOUNDS: Bounds = Bounds { queue_spans: 8, queue_bytes: 4_096, batch_spans: 3, batch_bytes: 100 };

/// Starts a span and ends it with so long a message.
fn span(queue: &Queue, len: usize) {
    end(queue, queue.start(), Rank::Inner, &vec![0; len]);
}

fn end(queue: &Queue, started: Started, rank: Rank, message: &[u8]) {
    queue.end(started, rank, EndedSpan { scope: &SCOPE, message });
}

fn ranks() -> impl Strategy<Value = Rank> {
    prop_oneof![Just(Rank::Inner), Just(Rank::Entry), Just(Rank::Failed)]
}

#[track_caller]
fn assert_adds_up(counts: &SpanCounts) {
    let ended =
        counts.delivered + counts.dropped.total() + counts.queued + counts.in_flight + counts.unacknowledged;
    assert_eq!(counts.created, ended + counts.open, "{counts:?}");
    assert!(counts.overdue <= counts.open, "{counts:?}");
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Start,
    End { which: Index, rank: Rank, len: usize },
    Turn,
    Take { is_time_up: bool },
    Attempt { spans: usize, may_be_taken: bool },
    Depart,
    Settle(Fate),
    SettleRest(Fate),
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
        20 => (any::<Index>(), ranks(), 0..2_000usize)
            .prop_map(|(which, rank, len)| Step::End { which, rank, len }),
        10 => Just(Step::Turn),
        8 => any::<bool>().prop_map(|is_time_up| Step::Take { is_time_up }),
        4 => (0..4usize, any::<bool>())
            .prop_map(|(spans, may_be_taken)| Step::Attempt { spans, may_be_taken }),
        4 => Just(Step::Depart),
        8 => fate.clone().prop_map(Step::Settle),
        4 => fate.prop_map(Step::SettleRest),
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
        let (mut attempt, mut is_flying, mut was_any_overdue) = (None, false, false);
        // Each with the turns that it has seen.
        let mut open: Vec<(Started, u32)> = Vec::new();
        for step in steps {
            match step {
                Step::Start => {
                    open.push((queue.start(), 0));
                }
                Step::End { which, rank, len } if !open.is_empty() => {
                    let (started, _) = open.swap_remove(which.index(open.len()));
                    end(&queue, started, rank, &vec![0; len]);
                }
                Step::Turn => {
                    queue.turn();
                    open.iter_mut().for_each(|(_, turns)| *turns += 1);
                }
                Step::Take { is_time_up } if !is_flying => {
                    is_flying = matches!(queue.next(is_time_up), Next::Send(_));
                }
                Step::Attempt { spans, may_be_taken } => attempt = queue.next_attempt(spans, may_be_taken),
                Step::Depart => {
                    let _ = attempt.as_ref().map(|attempt| attempt.depart());
                }
                Step::Settle(fate) => {
                    queue.settle(fate);
                    is_flying = queue.counts().in_flight > 0;
                }
                Step::SettleRest(fate) => {
                    queue.settle_rest(fate);
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
            prop_assert_eq!(counts.open, open.len() as u64);
            let overdue = open.iter().filter(|(_, turns)| *turns > TURNS).count() as u64;
            prop_assert_eq!(counts.overdue, overdue);
            let told = queue.take_notices();
            prop_assert_eq!(told.contains(&Notice::NoneOverdue), was_any_overdue && overdue == 0);
            prop_assert_eq!(told.contains(&Notice::Overdue { spans: overdue }), !was_any_overdue && overdue > 0);
            was_any_overdue = overdue > 0;
            prop_assert!(counts.queued <= BOUNDS.queue_spans as u64);
            let footprint = queue.state.lock().waiting().footprint();
            prop_assert!(footprint <= BOUNDS.queue_bytes);
            prop_assert_eq!(footprint == 0, counts.queued == 0);
        }
        queue.abandon();
        let counts = queue.counts();
        prop_assert_eq!((counts.queued, counts.in_flight, counts.open), (0, 0, open.len() as u64));
        prop_assert!(queue.has_reached(Goal::Finished));
    }
}

#[test]
fn counts_add_up_in_every_snapshot_under_many_threads() {
    const THREADS: usize = 4;
    const SNAPSHOTS: usize = 50_000;
    let bounds = Bounds { queue_spans: 64, queue_bytes: 1 << 20, batch_spans: 16, batch_bytes: 1 << 20 };
    let (queue, is_over) = (Queue::new(bounds), AtomicBool::new(false));
    let barrier = Barrier::new(THREADS + 3);
    let (snapshots, made) = thread::scope(|scope| {
        let end_spans = || {
            barrier.wait();
            let mut made = 0;
            while !is_over.load(Relaxed) {
                span(&queue, 10);
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
        scope.spawn(|| {
            barrier.wait();
            while !is_over.load(Relaxed) {
                queue.turn();
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
    assert_eq!(counts.overdue, 0);
}

#[test]
fn a_full_queue_drops_and_counts() {
    let queue = Queue::new(BOUNDS);
    for _ in 0..10 {
        span(&queue, 1);
    }
    assert_eq!((queue.counts().queued, queue.counts().dropped.queue_full), (8, 2));

    let queue = Queue::new(BOUNDS);
    for _ in 0..3 {
        span(&queue, 1_900);
    }
    assert_eq!((queue.counts().queued, queue.counts().dropped.queue_full), (2, 1));
}

/// Which of these spans a queue keeps that nobody empties: its rule, said in the plainest way.
fn survivors(spans: &[(Rank, usize)]) -> Vec<usize> {
    let mut kept: Vec<(usize, Rank, usize)> = Vec::new();
    'spans: for (at, (rank, len)) in spans.iter().enumerate() {
        let mut now = kept.clone();
        now.push((at, *rank, *len));
        while now.len() > BOUNDS.queue_spans
            || now.iter().map(|(_, _, len)| OVERHEAD + sized_len(SPANS, *len)).sum::<usize>()
                > BOUNDS.queue_bytes
        {
            let by_worth = |(at, (_, rank, _)): &(usize, &(usize, Rank, usize))| (*rank, Reverse(*at));
            let least = now.iter().enumerate().min_by_key(by_worth).map(|(at, _)| at);
            if least.is_none_or(|least| now.remove(least).0 == at) {
                continue 'spans; // nobody goes for one that cannot stay
            }
        }
        kept = now;
    }
    kept.into_iter().map(|(at, ..)| at).collect()
}

proptest! {
    #[test]
    fn a_full_queue_drops_the_newest_of_the_least_important(spans in vec((ranks(), 1..1_500usize), 0..60)) {
        let queue = Queue::new(BOUNDS);
        for (at, (rank, len)) in spans.iter().enumerate() {
            let mut message = vec![0; *len];
            message[0] = at as u8;
            end(&queue, queue.start(), *rank, &message);
        }
        let expected = survivors(&spans);
        prop_assert_eq!(queue.counts().dropped.queue_full, (spans.len() - expected.len()) as u64);
        let mut sent = Vec::new();
        while let Next::Send(batch) = queue.next(true) {
            sent.extend(batch.read(0..batch.len()).iter().map(|(_, message)| usize::from(message[0])));
            queue.settle(Fate::Delivered { rejected: 0 });
        }
        sent.sort_unstable();
        prop_assert_eq!(sent, expected);
    }
}

#[test]
fn a_flush_waits_for_those_that_it_found_and_no_others() {
    let queue = Queue::new(BOUNDS);
    (0..8).for_each(|_| span(&queue, 1));
    let goal = queue.flush();
    // Two that it found give way, so that two more than it found enter: those count for nothing.
    (0..2).for_each(|_| end(&queue, queue.start(), Rank::Failed, &[0]));
    for remaining in [5, 2] {
        assert!(matches!(queue.next(false), Next::Send(_)) && !queue.has_reached(goal));
        queue.settle(Fate::Failed);
        assert_eq!(queue.counts().queued, remaining);
    }
    assert!(queue.has_reached(goal));
}

#[test]
fn a_batch_is_bounded_in_spans_and_bytes_and_never_empty() {
    let queue = Queue::new(BOUNDS);
    let taken = |lens: &[usize]| {
        lens.iter().for_each(|len| span(&queue, *len));
        let mut sizes = Vec::new();
        while let Next::Send(batch) = queue.next(true) {
            queue.settle(Fate::Delivered { rejected: 0 });
            sizes.push(batch.len());
        }
        sizes
    };
    assert_eq!(taken(&[1, 1, 1, 1]), [3, 1]);
    assert_eq!(taken(&[58, 38, 1]), [2, 1]); // each is written with a tag and its length
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
