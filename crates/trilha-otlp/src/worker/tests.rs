//! What becomes of a batch, answer by answer; on a clock that the tests move.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use trilha_core::{
    Scope, SpanCounts,
    fence::{Callback, Panics},
};

use super::Worker;
use crate::{
    queue::{Bounds, EndedSpan, Goal, Notice, Queue, Rank, Started},
    transport::{Answer, Payload, Sending, Transport},
};

const SCOPE: Scope = Scope::new("test", "1");
const TAKEN: Answer = Answer::Taken { rejected: 0 };
const HOUR: Duration = Duration::from_secs(3_600);
const LATER: Answer = Answer::Later { after: None, may_be_taken: false };

/// What a scripted receiver does with a request.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// Reads it and answers.
    Answers(Answer),
    /// Fails before anything was sent.
    Unreachable,
    /// Reads it and never answers.
    Hangs,
    /// Panics, before or after it was read.
    Panics { is_sent: bool },
}

/// Acts as it is told, then takes everything.
#[derive(Debug, Default)]
struct Script {
    acts: Mutex<VecDeque<Act>>,
    /// Unreachable until then, whatever it is told.
    dead_until: Option<Instant>,
    sent: Arc<Mutex<Vec<Instant>>>,
}

impl Transport for Script {
    fn send(&self, payload: Payload) -> Sending<'_> {
        let act = match self.dead_until {
            Some(end) if Instant::now() < end => Act::Unreachable,
            _ => self.acts.lock().pop_front().unwrap_or(Act::Answers(TAKEN)),
        };
        self.sent.lock().push(Instant::now());
        Box::pin(async move {
            let is_sent = !matches!(act, Act::Unreachable | Act::Panics { is_sent: false });
            assert!(!is_sent || payload.attempt.depart(), "a payload left that was withdrawn");
            match act {
                Act::Answers(answer) => answer,
                Act::Unreachable => Answer::Nothing,
                Act::Hangs => std::future::pending().await,
                Act::Panics { .. } => panic!("a transport that panics"),
            }
        })
    }
}

struct Setup {
    queue: Arc<Queue>,
    sent: Arc<Mutex<Vec<Instant>>>,
    worker: Worker,
}

fn setup(acts: impl IntoIterator<Item = Act>) -> Setup {
    let bounds = Bounds { queue_spans: 100, queue_bytes: 1 << 20, batch_spans: 4, batch_bytes: 1 << 20 };
    before(Script { acts: Mutex::new(acts.into_iter().collect()), ..Script::default() }, bounds)
}

fn before(script: Script, bounds: Bounds) -> Setup {
    let (queue, sent) = (Arc::new(Queue::new(bounds)), Arc::clone(&script.sent));
    let worker = Worker {
        queue: Arc::clone(&queue),
        transport: Box::new(script),
        resource: Vec::new(),
        batch_interval: Duration::from_secs(1),
        retry_for: Duration::from_secs(60),
        overdue_after: HOUR,
        panics: Panics::default(),
    };
    Setup { queue, sent, worker }
}

fn end(queue: &Queue, started: Started) {
    queue.end(started, Rank::Inner, EndedSpan { scope: &SCOPE, message: &[0; 10] });
}

impl Setup {
    fn end_spans(&self, count: usize) {
        for _ in 0..count {
            end(&self.queue, self.queue.start());
        }
    }

    /// Ends two spans and lets the worker send them, until it is done with them.
    async fn two_spans(self) -> (SpanCounts, usize) {
        self.end_spans(2);
        let goal = self.queue.flush();
        tokio::select! {
            () = self.worker.run() => {}
            done = timeout(HOUR, self.queue.wait_until(goal)) => done.unwrap(),
        }
        let attempts = self.sent.lock().len();
        (self.queue.counts(), attempts)
    }
}

async fn fate(acts: impl IntoIterator<Item = Act>) -> (SpanCounts, usize) {
    setup(acts).two_spans().await
}

#[tokio::test(start_paused = true)]
async fn each_answer_is_counted_as_what_it_means() {
    let (counts, attempts) = fate([Act::Answers(TAKEN)]).await;
    assert_eq!((counts.delivered, attempts), (2, 1));

    let (counts, attempts) = fate([Act::Answers(Answer::Taken { rejected: 1 })]).await;
    assert_eq!((counts.delivered, counts.dropped.rejected, attempts), (1, 1, 1));

    let (counts, _) = fate([Act::Answers(Answer::Taken { rejected: 9 })]).await;
    assert_eq!((counts.delivered, counts.dropped.rejected), (0, 2));

    let (counts, attempts) = fate([Act::Answers(Answer::Refused)]).await;
    assert_eq!((counts.dropped.rejected, attempts), (2, 1));

    let (counts, attempts) = fate([Act::Answers(Answer::Unfit); 3]).await;
    assert_eq!((counts.dropped.rejected, attempts), (2, 3));

    let (counts, attempts) = fate([Act::Answers(Answer::Failed)]).await;
    assert_eq!((counts.dropped.export_failed, attempts), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn what_was_not_taken_is_sent_again() {
    let (counts, attempts) = fate([Act::Answers(LATER), Act::Unreachable, Act::Answers(LATER)]).await;
    assert_eq!((counts.delivered, attempts), (2, 4));
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_taken_is_not_sent_again() {
    let (counts, attempts) = fate([Act::Answers(Answer::Nothing)]).await;
    assert_eq!((counts.unacknowledged, attempts), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_given_up_in_the_end() {
    let started = Instant::now();
    let (counts, attempts) = fate([Act::Unreachable; 100]).await;
    assert_eq!(counts.dropped.export_failed, 2);
    assert!((5..20).contains(&attempts), "{attempts}");
    assert_eq!(started.elapsed(), Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn a_gateway_s_word_leaves_a_batch_that_is_given_up_unacknowledged() {
    let gateway = Act::Answers(Answer::Later { after: None, may_be_taken: true });
    let (counts, _) = fate([gateway].into_iter().chain([Act::Unreachable; 100])).await;
    assert_eq!((counts.unacknowledged, counts.dropped.export_failed), (2, 0));

    let (counts, _) = fate([gateway, Act::Answers(Answer::Taken { rejected: 1 })]).await;
    assert_eq!((counts.delivered, counts.unacknowledged, counts.dropped.rejected), (1, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn each_part_of_a_batch_has_its_own_fate() {
    let unfit = Act::Answers(Answer::Unfit);
    let (counts, _) = fate([unfit, Act::Answers(TAKEN), Act::Answers(Answer::Nothing)]).await;
    assert_eq!((counts.delivered, counts.unacknowledged), (1, 1));

    let (counts, attempts) = fate([unfit, Act::Answers(LATER), Act::Answers(TAKEN), unfit]).await;
    assert_eq!((counts.delivered, counts.dropped.rejected, attempts), (1, 1, 4));

    let (counts, _) = fate([unfit, Act::Answers(TAKEN), Act::Panics { is_sent: true }]).await;
    assert_eq!((counts.delivered, counts.unacknowledged), (1, 1));

    let (counts, _) = fate([unfit, Act::Panics { is_sent: true }]).await;
    assert_eq!((counts.unacknowledged, counts.dropped.export_failed), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_part_that_time_ran_out_for_is_not_called_rejected() {
    let minute = Answer::Later { after: Some(Duration::from_secs(60)), may_be_taken: false };
    let (counts, attempts) =
        fate([Act::Answers(Answer::Unfit), Act::Answers(minute), Act::Answers(TAKEN)]).await;
    assert_eq!((counts.delivered, counts.dropped.rejected, counts.dropped.export_failed), (1, 0, 1));
    assert_eq!(attempts, 3);
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_wants_nothing_gets_one_request_a_batch_after_the_first() {
    let bounds = Bounds { queue_spans: 1_000, queue_bytes: 1 << 20, batch_spans: 64, batch_bytes: 1 << 20 };
    let unfit =
        Script { acts: Mutex::new([Act::Answers(Answer::Unfit)].repeat(31 + 4).into()), ..Script::default() };
    let setup = before(unfit, bounds);
    setup.end_spans(6 * 64);
    setup.queue.close();
    setup.worker.run().await;
    let counts = setup.queue.counts();
    assert_eq!((counts.dropped.rejected, counts.delivered), (5 * 64, 64));
    assert_eq!(setup.sent.lock().len(), 31 + 4 + 1);
}

#[tokio::test(start_paused = true)]
async fn the_pause_that_a_receiver_asks_for_is_kept() {
    let after = Duration::from_secs(7);
    let setup = setup([Act::Answers(Answer::Later { after: Some(after), may_be_taken: false })]);
    let sent = Arc::clone(&setup.sent);
    let (counts, _) = setup.two_spans().await;
    assert_eq!(counts.delivered, 2);
    let sent = sent.lock();
    assert_eq!(sent[1] - sent[0], after);
}

#[tokio::test(start_paused = true)]
async fn a_panic_costs_one_batch_and_is_counted() {
    for (is_sent, lost) in [(false, (0, 2)), (true, (2, 0))] {
        let setup = setup([Act::Panics { is_sent }]);
        setup.end_spans(2);
        tokio::select! {
            () = setup.worker.run() => panic!("the worker ended"),
            done = timeout(HOUR, async {
                setup.queue.wait_until(setup.queue.flush()).await;
                setup.end_spans(2);
                setup.queue.wait_until(setup.queue.flush()).await;
            }) => done.unwrap(),
        }
        let counts = setup.queue.counts();
        assert_eq!((counts.unacknowledged, counts.dropped.export_failed), lost);
        assert_eq!(counts.delivered, 2);
        assert_eq!(setup.worker.panics.of(Callback::Transport), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_span_is_overdue_from_the_bound_on_until_it_ends() {
    let setup = setup([Act::Hangs]); // a batch that takes its time holds up no turn
    setup.end_spans(1);
    let queue = Arc::clone(&setup.queue);
    let steps = async {
        sleep(HOUR / 10).await;
        let [early, late] = [queue.start(), queue.start()];
        sleep(HOUR).await;
        assert_eq!(queue.counts().overdue, 0, "before the bound has passed for certain");
        sleep(HOUR / 4).await;
        let counts = queue.counts();
        assert_eq!((counts.open, counts.overdue), (2, 2));
        end(&queue, early);
        assert_eq!(queue.counts().overdue, 1);
        end(&queue, late);
        assert_eq!(queue.counts().overdue, 0);
        end(&queue, queue.start());
        sleep(2 * HOUR).await;
        assert_eq!(queue.counts().overdue, 0);
    };
    tokio::select! {
        () = setup.worker.run() => panic!("the worker ended"),
        () = steps => {}
    }
}

#[tokio::test(start_paused = true)]
async fn loss_is_over_once_there_was_none_for_a_while() {
    let rejected = Act::Answers(Answer::Taken { rejected: 1 });
    let setup = setup([rejected, Act::Answers(TAKEN)].repeat(50));
    let queue = Arc::clone(&setup.queue);
    let told = async {
        let mut told = Vec::new();
        for second in 0..200 {
            setup.end_spans(4);
            sleep(Duration::from_secs(1)).await;
            told.extend(queue.take_notices().into_iter().map(|notice| (second, notice)));
        }
        told
    };
    let told = tokio::select! {
        () = setup.worker.work() => panic!("the worker ended"),
        () = setup.worker.look_for_loss() => unreachable!(),
        told = told => told,
    };
    let [(0, Notice::LossStarts { reason: "rejected" }), (end, Notice::LossEnds { lost: 50 })] = *told else {
        panic!("{told:?}")
    };
    let last = 98; // every other batch, of one a second
    assert!((last + 30..=last + 60).contains(&end), "{end}");
}

#[tokio::test(start_paused = true)]
async fn a_full_batch_leaves_at_once_and_the_rest_after_the_interval() {
    let setup = setup([]);
    let started = Instant::now();
    setup.end_spans(5);
    let done = async {
        while setup.queue.counts().delivered < 5 {
            setup.queue.wait_until(Goal::Settled(setup.queue.counts().delivered + 1)).await;
        }
    };
    tokio::select! {
        () = setup.worker.run() => panic!("the worker ended"),
        done = timeout(HOUR, done) => done.unwrap(),
    }
    let sent: Vec<_> = setup.sent.lock().iter().map(|at| *at - started).collect();
    assert_eq!(sent, [Duration::ZERO, Duration::from_secs(1)]);
}

#[tokio::test(start_paused = true)]
async fn a_span_leaves_when_the_interval_ends_and_after_a_quiet_one_it_begins_another() {
    let setup = setup([]);
    let at = |millis| Instant::now() + Duration::from_millis(millis);
    let (started, ends) = (at(0), [0, 1_250, 10_000].map(at));
    let done = async {
        for (end, count) in ends.into_iter().zip(1..) {
            sleep_until(end).await;
            setup.end_spans(1);
            setup.queue.wait_until(Goal::Settled(count)).await;
        }
    };
    tokio::select! {
        () = setup.worker.run() => panic!("the worker ended"),
        done = timeout(HOUR, done) => done.unwrap(),
    }
    let sent: Vec<_> = setup.sent.lock().iter().map(|at| (*at - started).as_secs()).collect();
    assert_eq!(sent, [1, 2, 11]);
}

/// Two thousand spans a second, and nobody there.
#[tokio::test(start_paused = true)]
async fn a_minute_without_a_receiver_is_counted_span_by_span() {
    const TICKS: u64 = 8_000;
    let bounds = Bounds { queue_spans: 8_192, queue_bytes: 32 << 20, batch_spans: 512, batch_bytes: 3 << 20 };
    let dead_until = Some(Instant::now() + Duration::from_secs(70));
    let setup = before(Script { dead_until, ..Script::default() }, bounds);
    let ends = async {
        for _ in 0..TICKS {
            setup.end_spans(20);
            sleep(Duration::from_millis(10)).await;
            let counts = setup.queue.counts();
            let fates = counts.delivered + counts.dropped.queue_full + counts.dropped.export_failed;
            assert_eq!(counts.created, fates + counts.queued + counts.in_flight);
        }
        setup.queue.close();
    };
    tokio::join!(setup.worker.run(), ends);
    let counts = setup.queue.counts();
    assert_eq!(counts.created, TICKS * 20);
    // One batch was tried for a minute; what fitted the queue, and what came after, arrived.
    assert_eq!(counts.dropped.export_failed, 512);
    assert_eq!(counts.delivered + counts.dropped.queue_full, counts.created - 512);
    assert!(counts.delivered >= 8_192 + 2_000, "{counts:?}");
}

#[tokio::test(start_paused = true)]
async fn an_idle_worker_sends_nothing() {
    let setup = setup([]);
    assert!(timeout(24 * HOUR, setup.worker.run()).await.is_err());
    assert!(setup.sent.lock().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_closed_queue_is_emptied_before_the_worker_ends() {
    let setup = setup([Act::Answers(LATER)]);
    setup.end_spans(6);
    setup.queue.close();
    setup.end_spans(1);
    setup.worker.run().await;
    let counts = setup.queue.counts();
    assert_eq!((counts.delivered, counts.dropped.shutdown), (6, 1));
}

#[tokio::test(start_paused = true)]
async fn what_is_given_up_under_way_is_unacknowledged_and_the_rest_dropped() {
    let hanging = setup([Act::Hangs]);
    let pausing = setup([Act::Answers(LATER)]);
    let unreachable = setup([Act::Unreachable; 100]);
    let splitting = setup([Act::Answers(Answer::Unfit), Act::Hangs]);
    let setups = [(hanging, (4, 2)), (pausing, (0, 6)), (unreachable, (0, 6)), (splitting, (2, 4))];
    for (setup, expected) in setups {
        setup.end_spans(6);
        tokio::join!(setup.worker.run(), async {
            sleep(Duration::from_millis(10)).await;
            setup.queue.abandon();
        });
        let counts = setup.queue.counts();
        assert_eq!((counts.unacknowledged, counts.dropped.shutdown), expected);
        assert_eq!(counts.in_flight + counts.queued, 0);
    }
}
