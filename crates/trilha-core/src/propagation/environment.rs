//! The environment as a carrier, between a process and the children that it starts: `TRACEPARENT`,
//! `TRACESTATE`, `BAGGAGE`.
//!
//! Specification: [OpenTelemetry, environment variables as context propagation carriers](https://opentelemetry.io/docs/specs/otel/context/env-carriers/).

use std::{collections::HashMap, env, ffi::OsString, process::Command};

use crate::carrier::{Carrier, CarrierKind, CarrierMut};

/// What a process was started with, as a carrier to read from.
///
/// ```
/// use trilha_core::{Operation, Scope, SpanKind, Trust, propagation::Environment};
///
/// static SCOPE: Scope = Scope::new("nightly", "1.0.0");
///
/// let environment = Environment::of_process();
/// let job = Operation::builder(&SCOPE, "nightly", SpanKind::Internal)
///     .extract(&environment, Trust::Internal)
///     .start();
/// ```
#[derive(Clone, Debug, Default)]
pub struct Environment(HashMap<String, OsString>);

impl Environment {
    /// The environment of this process, as it is now.
    pub fn of_process() -> Self {
        Self::new(env::vars_os())
    }

    /// The environment of these variables. Only those that a context is read from are kept.
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let text = variables.into_iter().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        Self(text.filter(|(name, _)| VARIABLES.iter().any(|(_, variable)| variable == name)).collect())
    }
}

/// The fields of a carrier, and the variables that they are.
const VARIABLES: [(&str, &str); 3] =
    [("traceparent", "TRACEPARENT"), ("tracestate", "TRACESTATE"), ("baggage", "BAGGAGE")];

fn variable(key: &str) -> Option<&'static str> {
    VARIABLES.iter().find(|(field, _)| *field == key).map(|(_, variable)| *variable)
}

impl Carrier for Environment {
    fn kind(&self) -> CarrierKind {
        CarrierKind::Environment
    }

    fn for_each(&self, key: &str, visit: &mut dyn FnMut(&[u8])) {
        if let Some(value) = variable(key).and_then(|variable| self.0.get(variable)) {
            visit(value.as_encoded_bytes());
        }
    }
}

/// A child process that is about to be started. What it would inherit from this process is replaced, or
/// removed.
///
/// ```
/// use std::process::Command;
/// use trilha_core::{Operation, Scope, SpanKind, trust::Recipient};
///
/// static SCOPE: Scope = Scope::new("nightly", "1.0.0");
///
/// let operation = Operation::builder(&SCOPE, "export", SpanKind::Client).start();
/// let mut command = Command::new("export");
/// operation.inject(&mut command, Recipient::Process);
/// ```
impl Carrier for Command {
    fn kind(&self) -> CarrierKind {
        CarrierKind::Environment
    }

    fn for_each(&self, key: &str, visit: &mut dyn FnMut(&[u8])) {
        let named = |name: &std::ffi::OsStr| variable(key).is_some_and(|variable| name == variable);
        if let Some((_, Some(value))) = self.get_envs().find(|(name, _)| named(name)) {
            visit(value.as_encoded_bytes());
        }
    }
}

impl CarrierMut for Command {
    fn set(&mut self, key: &'static str, value: &[u8]) -> bool {
        let pair = variable(key).zip(str::from_utf8(value).ok());
        pair.map(|(variable, value)| self.env(variable, value)).is_some()
    }

    fn remove(&mut self, key: &'static str) {
        if let Some(variable) = variable(key) {
            self.env_remove(variable);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn values(carrier: &dyn Carrier, key: &str) -> Vec<Vec<u8>> {
        let mut values = Vec::new();
        carrier.for_each(key, &mut |value| values.push(value.to_vec()));
        values
    }

    #[test]
    fn a_variable_is_read_by_its_name_in_upper_case() {
        let environment = Environment::new([
            ("TRACEPARENT".into(), TRACEPARENT.into()),
            ("traceparent".into(), "other".into()),
            ("PATH".into(), "/bin".into()),
        ]);
        assert_eq!(values(&environment, "traceparent"), [TRACEPARENT.as_bytes()]);
        assert!(values(&environment, "PATH").is_empty());
        assert!(values(&environment, "baggage").is_empty());
    }

    #[test]
    fn a_child_gets_what_is_set_and_inherits_nothing_else_of_it() {
        let mut command = Command::new("true");
        command.env("TRACESTATE", "a=1").env("HOME", "/");
        assert!(command.set("traceparent", TRACEPARENT.as_bytes()));
        command.remove("tracestate");
        let seen: Vec<_> = command.get_envs().collect();
        let value = |name: &str| seen.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        assert_eq!(value("TRACEPARENT"), Some(Some(TRACEPARENT.as_ref())));
        assert_eq!(value("TRACESTATE"), Some(None));
        assert_eq!(value("HOME"), Some(Some("/".as_ref())));
    }
}
