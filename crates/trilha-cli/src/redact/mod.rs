//! `trilha redact`: text without what the guard keeps back, and why it does.
//!
//! It has no rules of its own: the core's guard judges, under a platform's policy or its own defaults.
//! What a line of JSON holds, `json` knows.

mod explanation;
mod json;
mod lines;

use std::{
    borrow::Cow,
    env,
    io::{self, BufReader, BufWriter, ErrorKind, Read, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use trilha_core::guard::{HashKey, InvalidGuard, Mode, PiiGuard, Place, Verdict};

use self::{explanation::Explanation, lines::Line};
use crate::{
    policy_file,
    terminal::{fail, say},
};

/// Print lines of stdin without what the guard keeps back: one line out for each line in
///
/// A line is judged as the message of a log line. Of one that is a JSON object or array, each string
/// and number is judged as a field of a log line, under the nearest key; what a key hides is hidden
/// however deep it lies. The line stays JSON, and what is not hidden stays as it was written. What may
/// not leave at all is null there, and an empty line elsewhere. What is not UTF-8 becomes U+FFFD.
///
/// Text is cut where the policy says, and in a dry run it is hidden nevertheless. No purpose is
/// declared, so that no personal value leaves. What is hashed needs TRILHA_HASH_KEY.
///
/// The status is 1 when the policy is wrong, or when a line was longer than 1 MiB: it is left empty. It
/// is 2 when something cannot be read or written, or a key for hashes is missing.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// With the rules, keys and patterns of this policy file
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Keep back what nobody declared, whatever the policy says
    #[arg(long)]
    strict: bool,
    /// Judge everything as if it left there
    #[arg(long, value_name = "EXIT", value_parser = exits())]
    exit: Option<Place>,
    /// Take JSON for text
    #[arg(long)]
    text: bool,
    /// Say on stderr what is hidden, as LINE:COLUMN PATH DETECTOR ACTION: WHY
    #[arg(long)]
    explain: bool,
}

/// Redacts stdin.
pub(crate) fn run(args: &Args) -> ExitCode {
    let guard = match guard(args) {
        Ok(guard) => guard,
        Err(status) => return status,
    };
    match (Redactor { guard, args }).redact(io::stdin().lock(), io::stdout().lock()) {
        Ok(is_complete) => ExitCode::from(u8::from(!is_complete)),
        // Nobody reads on, as under `head`.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => fail(&format!("cannot go on: {error}"), 2),
    }
}

fn exits() -> impl TypedValueParser<Value = Place> {
    let place = |name: String| Place::ALL.into_iter().find(|place| place.name() == name);
    PossibleValuesParser::new(Place::ALL.map(Place::name)).try_map(move |name| place(name).ok_or("no exit"))
}

fn guard(args: &Args) -> Result<PiiGuard, ExitCode> {
    let policy = args.policy.as_deref().map(policy_file::read).transpose().map_err(ExitCode::from)?;
    let policy = policy.unwrap_or_default();
    let mut builder = policy.to_guard();
    if args.strict {
        builder = builder.rules(policy.guard().clone().mode(Mode::Strict));
    }
    // As a service reads it: without white space around it, and an empty one is none.
    let secret = env::var(HashKey::VARIABLE).unwrap_or_default();
    if !secret.trim().is_empty() {
        let short = || fail(&format!("{} is shorter than {} bytes", HashKey::VARIABLE, HashKey::SHORTEST), 2);
        builder = builder.hash_key(HashKey::new(secret.trim()).ok_or_else(short)?);
    }
    builder.build().map_err(|error| match error {
        InvalidGuard::HashKey => fail(&format!("{}: {error}", HashKey::VARIABLE), 2),
        _ => fail(&error.to_string(), 1),
    })
}

/// The guard, and how it is asked.
struct Redactor<'a> {
    guard: PiiGuard,
    args: &'a Args,
}

impl Redactor<'_> {
    /// Writes a line for each line of `input`. Whether none was too long.
    fn redact(&self, input: impl Read, output: impl Write) -> io::Result<bool> {
        let (mut input, mut output) = (BufReader::new(input), BufWriter::new(output));
        let mut is_complete = true;
        for number in 1_u64.. {
            if input.buffer().is_empty() {
                output.flush()?; // who waits for these lines need not wait for the next ones
            }
            let Some(line) = Line::read(&mut input)? else { break };
            let text = String::from_utf8_lossy(&line.text);
            let mut explanation = Explanation::new(&self.guard, number, &text, self.args.explain);
            let left = self.line(&text, &mut explanation);
            if line.is_too_long {
                say(format_args!("line {number} is longer than 1 MiB: nothing of it is printed"));
                is_complete = false;
            }
            explanation.print();
            // An empty line without an end would be none.
            let end = if left.is_empty() && line.end.is_empty() { "\n" } else { line.end };
            output.write_all(left.as_bytes())?;
            output.write_all(end.as_bytes())?;
        }
        output.flush()?;
        Ok(is_complete)
    }

    fn line<'t>(&self, text: &'t str, explanation: &mut Explanation<'_>) -> Cow<'t, str> {
        let json = if self.args.text { None } else { json::redact(self, text, explanation) };
        json.map_or_else(|| self.text(text, explanation), Cow::Owned)
    }

    fn text<'t>(&self, text: &'t str, explanation: &mut Explanation<'_>) -> Cow<'t, str> {
        let ruling = self.guard.explain(self.args.exit.unwrap_or(Place::LogBody), "", text);
        explanation.add(&ruling, |at| at, || "-".to_owned());
        match ruling.verdict {
            Verdict::Clean(left) => Cow::Borrowed(left),
            Verdict::Replaced(left) => Cow::Owned(left),
            Verdict::Refused | Verdict::SpanRefused => Cow::Borrowed(""),
        }
    }
}
