//! What a process takes: memory, threads, descriptors.

use std::{fmt, fs};

use crate::{Result, memory};

/// At one moment.
#[derive(Clone, Copy)]
pub(super) struct Vitals {
    memory_kib: u64,
    threads: u64,
    descriptors: u64,
}

impl Vitals {
    pub(super) fn now() -> Result<Self> {
        Ok(Self {
            memory_kib: memory("VmRSS")?,
            threads: fs::read_dir("/proc/self/task")?.count() as u64,
            descriptors: fs::read_dir("/proc/self/fd")?.count() as u64,
        })
    }
}

impl fmt::Display for Vitals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { memory_kib, threads, descriptors } = self;
        write!(f, "{memory_kib} KiB, {threads} threads, {descriptors} descriptors")
    }
}

/// Whether the last third takes no more than the first one, but for the noise of an allocator and of connections
/// that close.
pub(super) fn are_flat(samples: &[Vitals]) -> Result<()> {
    let third = samples.len() / 3;
    let (first, last) = (samples.get(..third), samples.get(samples.len() - third..));
    let (Some(first), Some(last), true) = (first, last, third > 0) else {
        return Err("too short to tell whether anything is flat".into());
    };
    for (what, of, noise) in [
        ("memory", (|it: &Vitals| it.memory_kib) as fn(&Vitals) -> u64, 8 * 1024),
        ("threads", |it| it.threads, 1),
        ("descriptors", |it| it.descriptors, 4),
    ] {
        let most = |samples: &[Vitals]| samples.iter().map(of).max().unwrap_or_default();
        if most(last) > most(first) + noise {
            return Err(format!("{what} grew from {} to {}", most(first), most(last)).into());
        }
    }
    Ok(())
}
