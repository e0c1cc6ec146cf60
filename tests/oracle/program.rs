//! Programs: what they do, step by step, on three threads. Whatever a strategy makes of them can be run.

use std::{error::Error, fmt};

use proptest::{collection::vec, option, prelude::*, sample::select};

pub(crate) const THREADS: usize = 3;

/// What a program does, one step after another.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) steps: Vec<Step>,
    /// Whether it runs in a trace of another process, and whether that one is kept.
    pub(crate) continued: Option<bool>,
}

/// Something that one of the threads does.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(super) thread: usize,
    pub(super) action: Action,
}

/// Spans are meant by a number: any one of those that are open.
#[derive(Clone, Debug)]
pub(super) enum Action {
    Open { parent: Parent, name: usize, fields: SpanFields },
    Enter(usize),
    Exit(usize),
    Close(usize),
    Record(usize, Recorded),
    Event { parent: Parent, level: usize, fields: EventFields },
    Follow(usize, usize),
}

#[derive(Clone, Debug)]
pub(super) enum Parent {
    Current,
    None,
    Of(usize),
}

#[derive(Clone, Debug)]
pub(super) struct SpanFields {
    pub(super) values: Values,
    pub(super) failure: Option<Failure>,
    pub(super) otel_name: Option<&'static str>,
    pub(super) otel_kind: Option<&'static str>,
    pub(super) status: Option<Said>,
}

#[derive(Clone, Debug)]
pub(super) struct EventFields {
    pub(super) message: Option<&'static str>,
    pub(super) values: Values,
    pub(super) failure: Option<Failure>,
    /// The event's `error`, as text: only in the current span.
    pub(super) is_error: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Values {
    pub(super) text: Option<&'static str>,
    pub(super) count: Option<i64>,
    pub(super) size: Option<u64>,
    pub(super) wide: Option<i128>,
    pub(super) ratio: Option<f64>,
    pub(super) flag: Option<bool>,
    pub(super) shape: Option<Vec<u8>>,
}

#[derive(Clone, Debug)]
pub(super) enum Recorded {
    Text(&'static str),
    Count(i64),
    Size(u64),
    Failure(Failure),
    Status(Said),
}

/// What is said of a span's status: once, for of several sayings the stacks make different things.
#[derive(Clone, Copy, Debug)]
pub(super) enum Said {
    Code(&'static str),
    Description,
}

/// An error with as many errors behind it.
#[derive(Clone, Debug)]
pub(super) struct Failure(usize, Option<Box<Failure>>);

impl Failure {
    fn of(behind: usize) -> Self {
        Self(behind, behind.checked_sub(1).map(|next| Box::new(Self::of(next))))
    }

    pub(super) fn as_error(&self) -> &(dyn Error + 'static) {
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "layer {} broke", self.0)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.1.as_deref().map(Self::as_error)
    }
}

/// What a program may do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowed {
    /// Errors as values: each stack makes several attributes of one, which counts where few are kept.
    pub(crate) errors: bool,
    /// All threads, or the first alone.
    pub(crate) threads: bool,
}

pub(crate) fn programs(allowed: Allowed) -> impl Strategy<Value = Program> {
    let continued = prop_oneof![2 => Just(None), 2 => Just(Some(true)), 1 => Just(Some(false))];
    (vec(steps(allowed), 1..60), continued).prop_map(|(steps, continued)| Program { steps, continued })
}

fn steps(allowed: Allowed) -> impl Strategy<Value = Step> {
    let of = || 0..4usize;
    let parent =
        || prop_oneof![4 => Just(Parent::Current), 1 => Just(Parent::None), 2 => of().prop_map(Parent::Of)];
    let open = (parent(), 0..3usize, span_fields(allowed)).prop_map(|(parent, name, fields)| Action::Open {
        parent,
        name,
        fields,
    });
    let event = (parent(), 0..5usize, event_fields(allowed))
        .prop_map(|(parent, level, fields)| Action::Event { parent, level, fields });
    let action = prop_oneof![
        6 => open,
        6 => of().prop_map(Action::Enter),
        3 => of().prop_map(Action::Exit),
        2 => of().prop_map(Action::Close),
        4 => (of(), recorded(allowed)).prop_map(|(span, recorded)| Action::Record(span, recorded)),
        7 => event,
        4 => (of(), of()).prop_map(|(span, cause)| Action::Follow(span, cause)),
    ];
    let threads = if allowed.threads { THREADS } else { 1 };
    (0..threads, action).prop_map(|(thread, action)| Step { thread, action })
}

fn span_fields(allowed: Allowed) -> impl Strategy<Value = SpanFields> {
    let names = select(vec!["GET /orders", "reserve"]);
    let kinds = select(vec!["server", "CLIENT", "producer", "Consumer", "internal", "unheard-of"]);
    let status = option::weighted(0.3, said());
    (values(), failure(allowed), option::weighted(0.2, names), option::weighted(0.4, kinds), status).prop_map(
        |(values, failure, otel_name, otel_kind, status)| SpanFields {
            values,
            failure,
            otel_name,
            otel_kind,
            status,
        },
    )
}

fn event_fields(allowed: Allowed) -> impl Strategy<Value = EventFields> {
    let message = option::weighted(0.8, select(vec!["stock reserved", "order accepted", ""]));
    (message, values(), failure(allowed), prop::bool::weighted(0.2))
        .prop_map(|(message, values, failure, is_error)| EventFields { message, values, failure, is_error })
}

fn values() -> impl Strategy<Value = Values> {
    let word = || select(vec!["", "bolt", "nut", "left handed", "ação"]);
    let some = 0.3;
    (
        option::weighted(some, word()),
        option::weighted(some, prop_oneof![-9..9_i64, Just(i64::MIN), Just(i64::MAX)]),
        option::weighted(some, prop_oneof![0..9_u64, Just(u64::MAX)]),
        option::weighted(some, prop_oneof![(0..9_i64).prop_map(i128::from), Just(i128::MAX)]),
        option::weighted(some, (-8..8_i32).prop_map(|n| f64::from(n) / 4.0)),
        option::weighted(some, any::<bool>()),
        option::weighted(some, vec(0..9_u8, 0..3)),
    )
        .prop_map(|(text, count, size, wide, ratio, flag, shape)| Values {
            text,
            count,
            size,
            wide,
            ratio,
            flag,
            shape,
        })
}

fn recorded(allowed: Allowed) -> impl Strategy<Value = Recorded> {
    let failure = failure(allowed).prop_map(|failure| failure.map(Recorded::Failure));
    prop_oneof![
        select(vec!["late", "later"]).prop_map(Recorded::Text),
        (-9..9_i64).prop_map(Recorded::Count),
        (0..9_u64).prop_map(Recorded::Size),
        failure.prop_map(|failure| failure.unwrap_or(Recorded::Text("no failure"))),
        said().prop_map(Recorded::Status),
    ]
}

fn said() -> impl Strategy<Value = Said> {
    prop_oneof![select(vec!["ok", "OK", "error", "Error"]).prop_map(Said::Code), Just(Said::Description)]
}

fn failure(allowed: Allowed) -> impl Strategy<Value = Option<Failure>> {
    match allowed.errors {
        true => option::weighted(0.2, (0..3usize).prop_map(Failure::of)).boxed(),
        false => Just(None).boxed(),
    }
}
