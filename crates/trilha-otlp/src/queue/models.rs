//! Models of the queue: the orders in which threads may run are tried, thousands of them, and in each the counts add up
//! and nobody waits for ever. Built with `--cfg shuttle` alone.
//!
//! Orders, and not memory models: each atomic is one step that all threads see.

use std::sync::Arc;

use shuttle::{future::block_on, rand::Rng, thread};
use trilha_core::{Scope, SpanCounts};

use super::{Attempt, Bounds, EndedSpan, Fate, Goal, Next, Queue, Rank, Started, TURNS};

const SCOPE: Scope = Scope::new("model", "1");
const ROUNDS: usize = 5_000;

/// Small enough for spans to give way.
const BOUNDS: Bounds = Bounds { queue_spans: 2, queue_bytes: 1 << 20, batch_spans: 2, batch_bytes: 1 << 20 };

fn check(model: impl Fn(Arc<Queue>) + Send + Sync + 'static) {
    shuttle::check_random(move || model(Arc::new(Queue::new(BOUNDS))), ROUNDS);
}

/// A thread that makes a span of each rank.
fn producer(queue: &Arc<Queue>) -> thread::JoinHandle<()> {
    let queue = Arc::clone(queue);
    thread::spawn(move || {
        for rank in [Rank::Inner, Rank::Entry, Rank::Failed] {
            end(&queue, queue.start(), rank);
        }
    })
}

fn end(queue: &Queue, started: Started, rank: Rank) {
    queue.end(started, rank, EndedSpan { scope: &SCOPE, message: &[0; 8] });
}

/// A worker that sends to a receiver of any mood. No interval ends but by chance: who waits for a span has to be
/// woken for it.
fn worker(queue: &Arc<Queue>) -> thread::JoinHandle<()> {
    let queue = Arc::clone(queue);
    thread::spawn(move || {
        let work = async {
            let mut is_time_up = false;
            loop {
                match queue.next(is_time_up) {
                    Next::Send(batch) => send(&queue, batch.len()),
                    Next::Finished => return,
                    Next::Gather if by_chance() => is_time_up = true,
                    Next::Gather => queue.wait_for_work().await,
                    Next::Idle => {
                        queue.wait_for_work().await;
                        is_time_up = false;
                    }
                }
            }
        };
        block_on(async {
            tokio::select! {
                biased;
                () = queue.wait_for_abandonment() => {}
                () = work => {}
            }
        });
    })
}

fn send(queue: &Queue, spans: usize) {
    let Some(attempt) = queue.next_attempt(spans, by_chance()) else { return };
    let has_left = attempt.depart();
    let fate = match shuttle::rand::thread_rng().gen_range(0..4) {
        0 => Fate::Delivered { rejected: 1 },
        1 => Fate::Delivered { rejected: 0 },
        2 => Fate::Rejected,
        _ if has_left => Fate::Unanswered,
        _ => Fate::Failed,
    };
    queue.settle(fate);
}

fn by_chance() -> bool {
    shuttle::rand::thread_rng().r#gen()
}

#[track_caller]
fn assert_adds_up(counts: &SpanCounts) {
    let ended =
        counts.delivered + counts.dropped.total() + counts.queued + counts.in_flight + counts.unacknowledged;
    assert_eq!(counts.created, ended + counts.open, "{counts:?}");
    assert!(counts.overdue <= counts.open, "{counts:?}");
}

#[test]
fn every_snapshot_adds_up_and_a_close_is_reached() {
    check(|queue| {
        let threads = [producer(&queue), producer(&queue), worker(&queue)];
        assert_adds_up(&queue.counts());
        thread::yield_now();
        assert_adds_up(&queue.counts());
        queue.close();
        queue.block_until(Goal::Finished, None);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let counts = queue.counts();
        assert_adds_up(&counts);
        assert_eq!((counts.created, counts.open, counts.queued, counts.in_flight), (6, 0, 0, 0));
    });
}

#[test]
fn those_that_stay_open_are_overdue_and_no_others() {
    check(|queue| {
        let open = queue.start();
        let turning = Arc::clone(&queue);
        let turns = thread::spawn(move || {
            for _ in 0..=TURNS {
                assert_eq!(turning.counts().overdue, 0);
                turning.turn();
            }
        });
        let threads = [producer(&queue), producer(&queue), turns];
        assert_adds_up(&queue.counts());
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let counts = queue.counts();
        assert_adds_up(&counts);
        assert_eq!((counts.open, counts.overdue), (1, 1));
        end(&queue, open, Rank::Inner);
        assert_eq!(queue.counts().overdue, 0);
    });
}

#[test]
fn a_flush_is_reached_by_threads_and_by_futures() {
    check(|queue| {
        let threads = [producer(&queue), worker(&queue)];
        let waiting = Arc::clone(&queue);
        let future = thread::spawn(move || block_on(waiting.wait_until(waiting.flush())));
        queue.block_until(queue.flush(), None);
        future.join().unwrap();
        assert_adds_up(&queue.counts());
        queue.close();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(queue.has_reached(Goal::Finished));
    });
}

#[test]
fn what_is_abandoned_is_told_once() {
    check(|queue| {
        let threads = [producer(&queue), worker(&queue)];
        queue.abandon();
        queue.block_until(Goal::Finished, None);
        assert_adds_up(&queue.counts());
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let counts = queue.counts();
        assert_adds_up(&counts);
        assert_eq!((counts.open, counts.queued, counts.in_flight), (0, 0, 0));
    });
}

#[test]
fn an_attempt_leaves_or_is_withdrawn() {
    shuttle::check_random(
        || {
            let attempt = Arc::new(Attempt::default());
            let leaving = Arc::clone(&attempt);
            let left = thread::spawn(move || leaving.depart());
            let is_withdrawn = attempt.withdraw();
            assert_eq!(left.join().unwrap(), !is_withdrawn);
            assert_eq!(attempt.withdraw(), is_withdrawn);
        },
        ROUNDS,
    );
}
