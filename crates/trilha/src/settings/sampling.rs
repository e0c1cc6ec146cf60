//! The head sampler, from the builder, the environment, or the kind of deployment.

use trilha_core::sampling::Sampler;

use super::env::Env;
use crate::SetupError;

const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
const ARGUMENT: &str = "OTEL_TRACES_SAMPLER_ARG";

/// Where a deployment serves real users, this share of the traces is kept.
const DEPLOYED_RATIO: f64 = 0.1;

pub(crate) fn resolve(env: &Env, is_deployed: bool) -> Result<Sampler, SetupError> {
    let Some(name) = env.name(SAMPLER) else {
        let ratio = if is_deployed { DEPLOYED_RATIO } else { 1.0 };
        return Ok(self::ratio(ratio)?.parent_based());
    };
    match name.as_str() {
        "always_on" => Ok(Sampler::always_on()),
        "always_off" => Ok(Sampler::always_off()),
        "traceidratio" => argument(env),
        "parentbased_always_on" => Ok(Sampler::always_on().parent_based()),
        "parentbased_always_off" => Ok(Sampler::always_off().parent_based()),
        "parentbased_traceidratio" => Ok(argument(env)?.parent_based()),
        _ => Err(SetupError::new(
            SAMPLER,
            "is none of always_on, always_off, traceidratio, and these with parentbased_ in front",
        )),
    }
}

fn argument(env: &Env) -> Result<Sampler, SetupError> {
    match env.text(ARGUMENT) {
        None => ratio(1.0),
        Some(text) => ratio(text.parse().unwrap_or(f64::NAN)),
    }
}

fn ratio(ratio: f64) -> Result<Sampler, SetupError> {
    Sampler::ratio(ratio).ok_or_else(|| SetupError::new(ARGUMENT, "is not a number from 0 to 1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_kept_in_development_and_a_tenth_where_deployed() {
        let env = Env::of(&[]);
        assert_eq!(resolve(&env, false).unwrap(), Sampler::always_on().parent_based());
        assert_eq!(resolve(&env, true).unwrap(), Sampler::ratio(0.1).unwrap().parent_based());
    }

    #[test]
    fn the_environment_names_the_sampler() {
        for name in ["traceidratio", "TraceIdRatio"] {
            let env = Env::of(&[(SAMPLER, name), (ARGUMENT, "0.25")]);
            assert_eq!(resolve(&env, true).unwrap(), Sampler::ratio(0.25).unwrap());
        }
    }

    #[test]
    fn a_wrong_sampler_or_argument_is_named() {
        let env = Env::of(&[(SAMPLER, "sometimes")]);
        assert_eq!(resolve(&env, false).unwrap_err().option(), SAMPLER);
        for argument in ["2", "-1", "NaN", "half"] {
            let env = Env::of(&[(SAMPLER, "traceidratio"), (ARGUMENT, argument)]);
            assert_eq!(resolve(&env, false).unwrap_err().option(), ARGUMENT, "{argument}");
        }
    }
}
