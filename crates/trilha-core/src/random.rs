//! Random numbers for ids: a generator for each thread, seeded by the system, and in the child of a fork anew.

use std::cell::RefCell;

use rand::{
    Rng, SeedableRng,
    distr::{Distribution, StandardUniform},
    rngs::StdRng,
};

use crate::Process;

thread_local! {
    // Not the thread's generator that everybody may use: whoever used that before a fork, which it does not notice,
    // would have the ids of parent and child be the same.
    static GENERATOR: RefCell<Generator> = RefCell::new(Generator::new());
}

struct Generator {
    random: StdRng,
    process: Process,
}

impl Generator {
    fn new() -> Self {
        Self { random: StdRng::from_os_rng(), process: Process::current() }
    }
}

/// A value by chance.
pub(crate) fn random<T>() -> T
where
    StandardUniform: Distribution<T>,
{
    GENERATOR.with_borrow_mut(|generator| {
        if !generator.process.is_current() {
            *generator = Generator::new();
        }
        generator.random.random()
    })
}
