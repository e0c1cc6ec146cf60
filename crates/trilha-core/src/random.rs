//! Random numbers for ids: a generator for each thread, seeded by the system, and in the child of a fork anew.

use std::cell::RefCell;

use rand::{
    Rng, SeedableRng,
    distr::{Distribution, StandardUniform},
    rngs::{SmallRng, StdRng},
};

use crate::Process;

thread_local! {
    // Not the thread's generator that everybody may use: whoever used that before a fork, which it does not notice,
    // would have the ids of parent and child be the same.
    static GENERATOR: RefCell<Generator> = RefCell::new(Generator::new());
}

struct Generator {
    random: StdRng,
    quick: SmallRng,
    process: Process,
}

impl Generator {
    fn new() -> Self {
        let mut random = StdRng::from_os_rng();
        Self { quick: SmallRng::from_rng(&mut random), random, process: Process::current() }
    }
}

/// A value by chance, which nobody can foresee.
pub(crate) fn random<T>() -> T
where
    StandardUniform: Distribution<T>,
{
    of_generator(|generator| generator.random.random())
}

/// As [`random`], at less cost: who knows some of the values can foresee others.
pub(crate) fn quick_random<T>() -> T
where
    StandardUniform: Distribution<T>,
{
    of_generator(|generator| generator.quick.random())
}

#[inline]
fn of_generator<T>(value: impl FnOnce(&mut Generator) -> T) -> T {
    GENERATOR.with_borrow_mut(|generator| {
        if !generator.process.is_current() {
            *generator = Generator::new();
        }
        value(generator)
    })
}
