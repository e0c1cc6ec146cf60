//! A program at work: which span a step means, and the threads on which it runs.

use std::{sync::mpsc, thread};

use tracing::{Dispatch, Span, dispatcher};
use trilha::opentelemetry::{
    Context, SpanId, TraceFlags, TraceId,
    trace::{SpanContext, TraceContextExt, TraceState},
};

use crate::{
    callsites::{Above, STATUS, emit, make},
    program::{Action, Parent, Program, SpanFields, Step, THREADS},
};

impl Program {
    /// Runs it under the subscriber. Its spans are numbered from `first`.
    pub(crate) fn run(&self, dispatch: &Dispatch, first: i64) {
        thread::scope(|scope| {
            let threads: Vec<Thread> = (0..THREADS)
                .map(|number| {
                    let (jobs, queue) = mpsc::channel::<Job>();
                    let (finish, finished) = mpsc::channel();
                    let work = move || {
                        let _default = dispatcher::set_default(dispatch);
                        let _attached = self.continued.map(|is_kept| elsewhere(is_kept).attach());
                        for job in queue {
                            job();
                            finish.send(()).unwrap();
                        }
                        let ids = Context::map_current(|current| current.span().span_context().clone());
                        assert_eq!(ids.is_valid(), self.continued.is_some(), "nothing stays attached");
                    };
                    thread::Builder::new().name(format!("t{number}")).spawn_scoped(scope, work).unwrap();
                    Thread { jobs, finished }
                })
                .collect();
            let mut run =
                Run { threads, opened: Vec::new(), entered: vec![Vec::new(); THREADS], next: first };
            for (number, step) in self.steps.iter().enumerate() {
                run.step(number, step);
            }
            run.finish();
        });
    }
}

fn elsewhere(is_kept: bool) -> Context {
    let flags = if is_kept { TraceFlags::SAMPLED } else { TraceFlags::NOT_SAMPLED };
    let state = TraceState::from_key_value([("vendor", "1")]).unwrap();
    let ids = SpanContext::new(TraceId::from(7), SpanId::from(8), flags, true, state);
    Context::new().with_remote_span_context(ids)
}

type Job = Box<dyn FnOnce() + Send>;

struct Thread {
    jobs: mpsc::Sender<Job>,
    finished: mpsc::Receiver<()>,
}

/// A program that runs. What would show a listed difference is left out; `directed.rs` shows it.
struct Run {
    threads: Vec<Thread>,
    /// The spans that were made, until they are closed.
    opened: Vec<Option<Opened>>,
    /// The spans that are entered on each thread, by their place among the opened ones.
    entered: Vec<Vec<usize>>,
    next: i64,
}

/// A span that the program made.
struct Opened {
    span: Span,
    /// What was recorded: a field that is recorded again is kept twice by theirs.
    recorded: Vec<&'static str>,
}

impl Opened {
    /// Whether this is the first time.
    fn records(&mut self, field: &'static str) -> bool {
        let is_first = !self.recorded.contains(&field);
        self.recorded.push(field);
        is_first
    }
}

impl Run {
    fn step(&mut self, number: usize, step: &Step) {
        let thread = step.thread;
        match &step.action {
            Action::Open { parent, name, fields } => {
                self.open(thread, parent, *name, fields, description(number))
            }
            Action::Enter(any) => {
                let Some(at) = self.pick(*any) else { return };
                // Entered again, it is the current span only to ours, unless it was anyway.
                if self.entered[thread].last().is_none_or(|last| last == &at)
                    || !self.entered[thread].contains(&at)
                {
                    self.entered[thread].push(at);
                    self.with_subscriber(thread, at, |dispatch, id| dispatch.enter(id));
                }
            }
            Action::Exit(any) => {
                let count = self.entered[thread].len();
                if count > 0 {
                    self.exit(thread, self.entered[thread][any % count]);
                }
            }
            Action::Close(any) => {
                let Some(at) = self.pick(*any) else { return };
                if self.entered.iter().all(|entered| !entered.contains(&at)) {
                    let span = self.opened[at].take().map(|opened| opened.span);
                    self.run_on(thread, || drop(span));
                }
            }
            Action::Record(any, recorded) => {
                let Some(at) = self.pick(*any) else { return };
                let (recorded, description) = (recorded.clone(), description(number));
                let Some(opened) = &mut self.opened[at] else { return };
                if opened.records(recorded.field()) {
                    let span = opened.span.clone();
                    self.run_on(thread, move || recorded.record(&span, &description));
                }
            }
            Action::Event { parent, level, fields } => {
                let Some(parent) = self.parent(parent) else { return };
                let (level, mut fields) = (*level, fields.clone());
                // On a span that has not started, theirs forgets what was said of the status before.
                fields.is_error &= matches!(parent, Above::Current);
                // `directed.rs` shows what becomes of an error without a message.
                fields.failure =
                    fields.failure.filter(|_| fields.message.is_some_and(|message| !message.is_empty()));
                let description = description(number);
                self.run_on(thread, move || emit(&parent, level, &fields, &description));
            }
            Action::Follow(any, other) => {
                let (Some(at), Some(cause)) = (self.pick(*any), self.pick(*other)) else { return };
                // Theirs would wait for itself.
                if let (true, Some(opened), Some(cause)) =
                    (at != cause, &self.opened[at], &self.opened[cause])
                {
                    let (span, cause) = (opened.span.clone(), cause.span.clone());
                    self.run_on(thread, move || {
                        span.follows_from(&cause);
                    });
                }
            }
        }
    }

    /// Leaves all spans in the order in which they were entered, and closes them.
    fn finish(mut self) {
        for thread in 0..THREADS {
            while let Some(at) = self.entered[thread].first().copied() {
                self.exit(thread, at);
            }
        }
        let opened = std::mem::take(&mut self.opened);
        self.run_on(0, move || drop(opened));
    }

    fn open(
        &mut self,
        thread: usize,
        parent: &Parent,
        name: usize,
        fields: &SpanFields,
        description: String,
    ) {
        let Some(parent) = self.parent(parent) else { return };
        let (number, fields) = (self.next, fields.clone());
        self.next += 1;
        let mut recorded = Vec::new();
        if fields.status.is_some() {
            recorded.push(STATUS);
        }
        if fields.failure.is_some() {
            recorded.push("late_failure"); // its message would be a second one
        }
        let (answer, opened) = mpsc::channel();
        self.run_on(thread, move || answer.send(make(&parent, name, number, &fields, &description)).unwrap());
        self.opened.push(Some(Opened { span: opened.recv().unwrap(), recorded }));
    }

    fn exit(&mut self, thread: usize, at: usize) {
        let entered = &mut self.entered[thread];
        if let Some(last) = entered.iter().rposition(|entered| *entered == at) {
            entered.remove(last);
            self.with_subscriber(thread, at, |dispatch, id| dispatch.exit(id));
        }
    }

    /// Any span that is open.
    fn pick(&self, any: usize) -> Option<usize> {
        let open: Vec<usize> = (0..self.opened.len()).filter(|at| self.opened[*at].is_some()).collect();
        (!open.is_empty()).then(|| open[any % open.len()])
    }

    fn parent(&self, parent: &Parent) -> Option<Above> {
        Some(match parent {
            Parent::Current => Above::Current,
            Parent::None => Above::None,
            Parent::Of(any) => Above::Span(self.opened[self.pick(*any)?].as_ref()?.span.clone()),
        })
    }

    fn with_subscriber(&self, thread: usize, at: usize, call: fn(&Dispatch, &tracing::Id)) {
        let Some(opened) = &self.opened[at] else { return };
        let span = opened.span.clone();
        self.run_on(thread, move || {
            span.with_subscriber(|(id, dispatch)| call(dispatch, id));
        });
    }

    /// Runs `job` on that thread, to its end.
    fn run_on(&self, thread: usize, job: impl FnOnce() + Send + 'static) {
        self.threads[thread].jobs.send(Box::new(job)).unwrap();
        self.threads[thread].finished.recv().unwrap();
    }
}

/// A text that is greater than those of earlier steps: theirs keeps the greatest, ours the last.
fn description(step: usize) -> String {
    let letter = |n: usize| char::from(b'a' + (n % 26) as u8);
    format!("broke {}{}", letter(step / 26), letter(step))
}
