//! The engine of the guard: what the detectors find in a text, and in the other ways in which it can be read.
//!
//! A look at the classes of its bytes decides which detectors are asked, and for most texts none is. It does not
//! decide what is done about a find.

mod classes;
mod marks;
mod names;
mod numbers;
mod suspects;
mod views;

use std::{fmt::Debug, ops::Range, sync::Arc};

pub(super) use self::suspects::Suspicion;
use self::views::{Plus, View, keep_escapes, map_back, may_be_form, view};
use super::{Detector, Detectors, debug_shape, detect};

/// A detector of a platform's own, for what has a form that only the platform knows.
///
/// It has to be pure, and its time must not grow faster than the text. It is asked about every text that the guard
/// scans, and about the text without its escapes, where it has any. When it panics, the text is hidden.
pub trait Detect: Debug + Send + Sync {
    /// The name in markers and metrics: a lower-case word that no other detector has. A policy names
    /// the built-in ones and its own patterns alone: what this one finds is replaced, unless the exit's or the key's
    /// rule is stricter.
    fn name(&self) -> &str;

    /// The bytes of the first one that begins at `from` or later: what has to be hidden.
    ///
    /// A text is asked about again, from the end of what was found. It may hold bytes that are not UTF-8.
    fn find(&self, text: &[u8], from: usize) -> Option<Range<usize>>;
}

/// What was found in a text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Finding {
    /// In bytes, on the boundaries of characters.
    pub(super) range: Range<usize>,
    pub(super) detector: Detector,
}

/// The detectors that are on, ready to be asked.
#[derive(Clone, Debug)]
pub(super) struct Scanner {
    on: Detectors,
    own: Vec<Arc<dyn Detect>>,
}

/// So often may a text be encoded.
const MOST_VIEWS: usize = 3;

impl Scanner {
    /// Of a platform's own, those beyond [`Detector::MOST_OWN`] are left out.
    pub(super) fn new(on: Detectors, own: Vec<Arc<dyn Detect>>) -> Self {
        Self { on, own }
    }

    /// What is to be hidden in a text: sorted, and nothing twice. `except` is not looked for.
    ///
    /// Finds that overlap are one, and the first names it; of those that begin at the same place the longest, of
    /// equal ones the first of [`Detector::ALL`].
    pub(super) fn find(&self, text: &str, except: Detectors) -> Vec<Finding> {
        match Suspicion::of_any(text.as_bytes()) {
            Suspicion::NONE if self.own.is_empty() => Vec::new(),
            suspicion => self.examine(text, suspicion, except),
        }
    }

    /// As [`find`](Self::find), for a text of which the suspicion is known.
    pub(super) fn examine(&self, text: &str, suspicion: Suspicion, except: Detectors) -> Vec<Finding> {
        let on = self.on.without(except);
        let mut findings = Vec::new();
        let is_encoded = suspicion.has(Suspicion::ENCODED);
        if is_encoded {
            self.read_otherwise(text.as_bytes(), on, &mut findings);
        }
        let suspects = suspicion.suspects(text.as_bytes()).both(on);
        self.ask(text.as_bytes(), suspects, on, &mut findings);
        if suspects.contains(Detector::Debug) {
            let string = |range| Finding { range, detector: Detector::Debug };
            findings.extend(debug_shape::strings(text).map(string));
        }
        for Finding { range, .. } in &mut findings {
            *range = text.floor_char_boundary(range.start)..text.ceil_char_boundary(range.end);
        }
        merge(&mut findings);
        if is_encoded {
            keep_escapes(text.as_bytes(), ranges(&mut findings));
            merge(&mut findings);
        }
        findings
    }

    /// Finds what the views of a text hold, as ranges of the text.
    fn read_otherwise(&self, text: &[u8], on: Detectors, findings: &mut Vec<Finding>) {
        fn last<'t>(views: &'t [View], text: &'t [u8]) -> &'t [u8] {
            views.last().map_or(text, |view| &view.text)
        }
        let mut views = Vec::new();
        while views.len() < MOST_VIEWS
            && let Some(next) = view(last(&views, text), Plus::Plain)
        {
            views.push(next);
        }
        let mut is_innermost = true;
        while let Some(view) = views.pop() {
            if is_innermost || !view.is_of_marks {
                self.ask_suspects(&view.text, on, findings);
            }
            is_innermost = false;
            merge(findings);
            map_back(last(&views, text), Plus::Plain, ranges(findings));
        }
        if may_be_form(text)
            && let Some(form) = view(text, Plus::Space)
        {
            let mut more = Vec::new();
            self.ask_suspects(&form.text, on, &mut more);
            merge(&mut more);
            map_back(text, Plus::Space, ranges(&mut more));
            findings.append(&mut more);
        }
    }

    /// Asks who may find something in a view.
    fn ask_suspects(&self, view: &[u8], on: Detectors, findings: &mut Vec<Finding>) {
        let suspects = Suspicion::of_any(view).suspects(view);
        self.ask(view, suspects.both(on), on, findings);
    }

    /// Asks the built-in detectors that are suspicious, and each one of the platform's that is on.
    fn ask(&self, text: &[u8], suspects: Detectors, on: Detectors, findings: &mut Vec<Finding>) {
        if suspects.is_empty() && self.own.is_empty() {
            return;
        }
        for &(detector, find) in DETECTORS {
            if suspects.contains(detector) {
                collect(text, detector, find, findings);
            }
        }
        for (number, own) in (0..Detector::MOST_OWN as u8).zip(&self.own) {
            if on.contains(Detector::Own(number)) {
                collect(text, Detector::Own(number), |text, from| own.find(text, from), findings);
            }
        }
    }
}

type Find = fn(&[u8], usize) -> Option<Range<usize>>;

const DETECTORS: &[(Detector, Find)] = &[
    (Detector::Email, detect::email::find),
    (Detector::Card, detect::card::find),
    (Detector::Iban, detect::iban::find),
    (Detector::Cpf, detect::cpf::find),
    (Detector::Cnpj, detect::cnpj::find),
    (Detector::Ssn, detect::ssn::find),
    (Detector::Phone, detect::phone::find),
    (Detector::IpAddress, detect::ip_address::find),
    (Detector::Jwt, detect::jwt::find),
    (Detector::Credentials, detect::credentials::find),
    (Detector::PrivateKey, detect::private_key::find),
    (Detector::Url, detect::url::find),
    (Detector::ConnectionString, detect::connection_string::find),
    (Detector::ApiKey, detect::api_key::find),
    (Detector::Key, detect::pair::find),
];

/// What a detector finds that the look at a text does not ask: nothing, whatever the text, but for API keys of which no
/// [part](detect::api_key::PART) is long.
#[cfg(any(test, fuzzing))]
#[cfg_attr(test, expect(unreachable_pub, reason = "public to `scripts/fuzz` alone"))]
pub fn overlooked(text: &[u8]) -> Option<(Detector, Range<usize>)> {
    let suspects = Suspicion::of_any(text).suspects(text);
    let mut others = DETECTORS.iter().filter(|(detector, _)| !suspects.contains(*detector));
    others.find_map(|(detector, find)| {
        let range = find(text, 0)?;
        let is_key = *detector == Detector::ApiKey;
        (!is_key || detect::api_key::has_part(text.get(range.clone())?)).then_some((*detector, range))
    })
}

/// All that one detector finds, as far as it lies within the text.
fn collect(
    text: &[u8],
    detector: Detector,
    find: impl Fn(&[u8], usize) -> Option<Range<usize>>,
    findings: &mut Vec<Finding>,
) {
    let mut from = 0;
    while let Some(found) = find(text, from) {
        let range = found.start.max(from)..found.end.min(text.len());
        // Behind a find that is empty the search goes on all the same, and comes to an end.
        from = range.end.max(from + usize::from(range.is_empty()));
        if !range.is_empty() {
            findings.push(Finding { range, detector });
        } else if from > text.len() {
            break;
        }
    }
}

fn ranges(findings: &mut [Finding]) -> impl Iterator<Item = &mut Range<usize>> {
    findings.iter_mut().map(|finding| &mut finding.range)
}

/// Sorts findings, and makes one of those that overlap.
fn merge(findings: &mut Vec<Finding>) {
    let order = |Finding { range, detector }: &Finding| (range.start, usize::MAX - range.end, *detector);
    findings.sort_unstable_by_key(order);
    findings.dedup_by(|next, last| {
        let do_overlap = next.range.start < last.range.end;
        if do_overlap {
            last.range.end = last.range.end.max(next.range.end);
        }
        do_overlap
    });
}

#[cfg(test)]
mod tests;
