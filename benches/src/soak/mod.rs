//! Minutes of load under random faults: memory, threads and descriptors stay flat, and every span is told of.
//!
//! The load goes through `#[instrument]`, operations and tasks that panic or are cancelled; the receivers are
//! processes of their own, so that this one has nothing in it but what is looked at.

mod load;
mod receiver;
mod vitals;

use std::{
    env,
    io::{self, Write},
    thread,
    time::{Duration, Instant},
};

use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use tracing_subscriber::layer::SubscriberExt;
use trilha::{Protocol, SpanCounts, Telemetry};

pub(crate) use self::receiver::serve;
use self::{
    load::Load,
    receiver::{FAULTS, Receiver},
    vitals::Vitals,
};
use crate::Result;

/// How long a fault lasts, and the time without one after it.
const PHASE: std::ops::Range<u64> = 2..15;
const SAMPLE: Duration = Duration::from_secs(5);
const DEADLINE: Duration = Duration::from_secs(30);

/// Runs for so long. An error is what was not flat, or did not add up.
pub(crate) fn run(time: Duration) -> Result<()> {
    let seed = env::var("SOAK_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    let mut out = io::stdout();
    writeln!(out, "SOAK_SEED={seed}")?;
    let mut random = StdRng::seed_from_u64(seed);
    let services = [Service::start(Protocol::Http)?, Service::start(Protocol::Grpc)?];
    subscribe(&services[0].telemetry)?;
    let load = Load::start(services.each_ref().map(|service| service.telemetry.handle().clone()));

    let mut samples = Vec::new();
    let end = Instant::now() + time;
    // The memory that a full queue takes is part of what is flat: both fill once before anything is measured.
    let mut phases = services.each_ref().map(|_| Phase { until: Instant::now(), has_fault: false });
    for (service, phase) in services.iter().zip(&mut phases) {
        service.receiver.tell("dead")?;
        *phase = Phase { until: Instant::now() + time / 10, has_fault: true };
    }
    while Instant::now() < end {
        thread::sleep(SAMPLE);
        for (service, phase) in services.iter().zip(&mut phases).filter(|(_, it)| it.until < Instant::now()) {
            phase.has_fault = !phase.has_fault;
            phase.until = Instant::now() + Duration::from_secs(random.random_range(PHASE));
            let fault = FAULTS.choose(&mut random).filter(|_| phase.has_fault);
            service.receiver.tell(fault.unwrap_or(&"recover"))?;
        }
        let vitals = Vitals::now()?;
        let counts = services.each_ref().map(|service| service.telemetry.stats().spans);
        counts.iter().try_for_each(adds_up)?;
        writeln!(out, "{vitals}; {}", counts.each_ref().map(|it| it.delivered.to_string()).join(" and "))?;
        samples.push(vitals);
    }
    load.stop();
    for service in &services {
        service.finish(&mut out)?;
    }
    vitals::are_flat(&samples)
}

struct Phase {
    until: Instant,
    has_fault: bool,
}

/// A service, and the receiver that it sends to.
struct Service {
    telemetry: Telemetry,
    receiver: Receiver,
}

impl Service {
    fn start(protocol: Protocol) -> Result<Self> {
        let receiver = Receiver::start(protocol)?;
        let telemetry =
            Telemetry::builder("soak").protocol(protocol).endpoint(&*receiver.endpoint).build()?;
        Ok(Self { telemetry, receiver })
    }

    fn finish(&self, out: &mut impl Write) -> Result<()> {
        self.receiver.tell("recover")?;
        let report = self.telemetry.shutdown_blocking(DEADLINE);
        let (spans, arrived) = (&report.counts.spans, self.receiver.arrived()?);
        writeln!(out, "{report}; {arrived} arrived")?;
        adds_up(spans)?;
        let is_told = (spans.delivered..=spans.delivered + spans.unacknowledged).contains(&arrived);
        if is_told && spans.open == 0 { Ok(()) } else { Err("what arrived is not what was told".into()) }
    }
}

fn adds_up(spans: &SpanCounts) -> Result<()> {
    let ended = spans.delivered + spans.dropped.total() + spans.unacknowledged;
    match spans.created == ended + spans.queued + spans.in_flight + spans.open {
        true => Ok(()),
        false => Err(format!("the counts do not add up: {spans:?}").into()),
    }
}

fn subscribe(telemetry: &Telemetry) -> Result<()> {
    // One layer serves both: a span is recorded by the handle of the operation around it.
    Ok(tracing::subscriber::set_global_default(tracing_subscriber::registry().with(telemetry.layer()))?)
}
