//! What is propagated: by the program, the policy, `OTEL_PROPAGATORS`, in this order.

use trilha_core::{
    CarrierKind, Propagation,
    policy::Policy,
    propagation::{Format, Formats},
};

use super::env::Env;
use crate::SetupError;

const PROPAGATORS: &str = "OTEL_PROPAGATORS";

pub(crate) fn resolve(
    switched_off: &[CarrierKind],
    policy: &Policy,
    env: &Env,
) -> Result<Propagation, SetupError> {
    let of_environment = env.name(PROPAGATORS).map(|names| formats(&names)).transpose()?;
    let mut propagation = Propagation::default();
    let (read, write) = match of_environment {
        Some(formats) => (formats, formats),
        None => (propagation.read(), propagation.written()),
    };
    propagation = propagation.formats(policy.read().unwrap_or(read), policy.write().unwrap_or(write));
    if let Some(bytes) = policy.tracestate_bytes() {
        propagation = propagation.tracestate_bytes(bytes);
    }
    if let Some(bytes) = policy.baggage_bytes() {
        propagation = propagation.baggage_bytes(bytes);
    }
    if let Some(destinations) = policy.destinations() {
        propagation = propagation.destinations(destinations.clone());
    }
    let switched_off = policy.switched_off().iter().chain(switched_off);
    Ok(switched_off.fold(propagation, |all, kind| all.with(*kind, false)))
}

/// `none` stands for no format at all.
fn formats(names: &str) -> Result<Formats, SetupError> {
    let names = names.split(',').map(str::trim).filter(|name| *name != "none");
    names
        .map(|name| {
            let unknown = || {
                let known = Format::ALL.map(Format::name).join(", ");
                SetupError::new(PROPAGATORS, format!("{name:?} is none of {known}, none"))
            };
            name.parse().map_err(|_| unknown())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve_names(names: &str) -> Propagation {
        resolve(&[], &Policy::default(), &Env::of(&[(PROPAGATORS, names)])).unwrap()
    }

    #[test]
    fn formats_are_read_and_written_by_name() {
        let none = resolve_names("none");
        assert!(Format::ALL.iter().all(|format| !none.reads(*format) && !none.writes(*format)));
        let b3 = resolve_names("B3, baggage");
        assert!(b3.reads(Format::B3) && b3.writes(Format::B3) && b3.writes(Format::Baggage));
        assert!(!b3.reads(Format::TraceContext) && !b3.writes(Format::TraceContext));
    }

    #[test]
    fn by_default_all_are_read_and_the_standard_ones_are_written() {
        let propagation = resolve(&[], &Policy::default(), &Env::of(&[])).unwrap();
        assert!(Format::ALL.iter().all(|format| propagation.reads(*format)));
        let written: Vec<_> = Format::ALL.into_iter().filter(|format| propagation.writes(*format)).collect();
        assert_eq!(written, [Format::TraceContext, Format::Baggage]);
    }

    #[test]
    fn a_policy_stands_above_the_environment() {
        let policy = Policy::parse("version = 1\n[propagation]\nread = [\"tracecontext\"]\n").unwrap();
        let propagation = resolve(&[], &policy, &Env::of(&[(PROPAGATORS, "b3")])).unwrap();
        assert!(propagation.reads(Format::TraceContext) && !propagation.reads(Format::B3));
    }

    #[test]
    fn a_carrier_is_switched_off_alone() {
        let off = [CarrierKind::Database];
        let propagation = resolve(&off, &Policy::default(), &Env::of(&[])).unwrap();
        assert!(!propagation.is_enabled(CarrierKind::Database));
        assert!(propagation.is_enabled(CarrierKind::Messaging));
    }
}
