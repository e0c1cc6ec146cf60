//! Generated programs through both stacks.

use std::{
    cell::{Cell, RefCell},
    thread,
};

use proptest::{
    prelude::*,
    test_runner::{Config, TestError, TestRunner},
};
use tracing::Dispatch;

use crate::{
    differences::rewritten,
    program::{Allowed, programs},
    stacks::{Settings, Stacks},
};

#[test]
fn programs_arrive_as_the_same_trace() {
    let allowed = Allowed { errors: true, threads: true };
    compare_all(Settings::default(), programs(allowed), |program, dispatch| program.run(dispatch, 0));
}

#[test]
fn what_is_beyond_a_limit_is_dropped_and_counted_the_same() {
    let settings = Settings { are_limits_low: true, ..Settings::default() };
    let allowed = Allowed { errors: false, threads: true };
    let dropped = compare_all(settings, programs(allowed), |program, dispatch| program.run(dispatch, 0));
    assert!(dropped.iter().all(|count| *count > Config::default().cases / 8), "{dropped:?}");
}

#[test]
fn details_are_the_same_where_they_are_asked_for() {
    let settings = Settings { with_details: true, ..Settings::default() };
    let allowed = Allowed { errors: true, threads: true };
    compare_all(settings, programs(allowed), |program, dispatch| program.run(dispatch, 0));
}

#[test]
fn programs_that_run_at_once_arrive_as_the_same_traces() {
    let program = programs(Allowed { errors: true, threads: false });
    let beside = prop::array::uniform3(program);
    compare_all(Settings::default(), beside, |programs, dispatch| {
        thread::scope(|scope| {
            for (number, program) in programs.iter().enumerate() {
                scope.spawn(move || program.run(dispatch, 1_000 * number as i64));
            }
        });
    });
}

/// Runs what the strategy makes through both stacks, and compares what arrives. Returns how many spans dropped
/// attributes, events and links.
fn compare_all<S: Strategy>(settings: Settings, strategy: S, run: impl Fn(&S::Value, &Dispatch)) -> [u32; 3] {
    let stacks = RefCell::new(Stacks::start(settings));
    let dropped = Cell::new([0; 3]);
    let config = Config { failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(&strategy, |program| {
        let (theirs, ours) = stacks.borrow_mut().run(|dispatch| run(&program, dispatch));
        let ours = ours.settled();
        let differing = rewritten(theirs).differing(&ours);
        prop_assert!(differing.is_empty(), "{}", differing);
        dropped.set(ours.dropping(dropped.get()));
        Ok(())
    });
    match result {
        Ok(()) => dropped.get(),
        Err(TestError::Fail(reason, program)) => panic!("{reason}\n\nin {program:?}"),
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}
