//! The one door: a text, where it would leave, and under which key; the answer is what leaves.

use std::{ops::Range, sync::Arc};

use super::{
    Action, Detector, Detectors, Inner, Mode, PiiGuard, Place,
    action::write_marker,
    scan::{Finding, Suspicion},
    treatment::{Kind, Treatment, Treatments},
};
use crate::{
    ContextAttributes,
    fence::Callback,
    schema::{Key, PiiClass},
};

/// How much is scanned beyond a cut, so that what is cut in two is found.
const OVERLAP: usize = 4 * 1_024;

/// What leaves.
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub enum Verdict<'t> {
    /// The text as it is. If it is longer than the rules allow, its beginning.
    Clean(&'t str),
    /// This in its place.
    Replaced(String),
    /// Nothing: the value does not leave, nor its key.
    Refused,
    /// Nothing of the span but its ids, its kind and its times. As [`Refused`](Self::Refused) for what belongs
    /// to no span.
    SpanRefused,
}

/// A verdict, and why.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Ruling<'t> {
    /// What leaves, unless it is a dry run.
    pub verdict: Verdict<'t>,
    /// What was found, in the order of the text.
    pub reasons: Vec<Reason>,
    /// Whether the end of the text is left out, since it is too long.
    pub is_cut: bool,
    refused_purpose: Option<Arc<str>>,
}

/// One thing that was found.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Reason {
    /// The bytes that are hidden.
    pub range: Range<usize>,
    /// What they are, or why they are hidden.
    pub detector: Detector,
    /// What becomes of them.
    pub action: Action,
}

impl PiiGuard {
    /// Judges a text that is about to leave by `place`, under a key where it has one, else under an empty one.
    ///
    /// Of a personal value the declared purpose decides: the context attribute `purpose` of the work in hand.
    #[inline]
    pub fn judge<'t>(&self, place: Place, key: &str, text: &'t str) -> Verdict<'t> {
        self.judge_for(place, key, text, None)
    }

    /// As [`judge`](Self::judge), for work that has these attributes.
    #[inline]
    pub(crate) fn judge_for<'t>(
        &self,
        place: Place,
        key: &str,
        text: &'t str,
        attributes: Option<&ContextAttributes>,
    ) -> Verdict<'t> {
        match self.0.look(place, key, text) {
            Suspicion::NONE => Verdict::Clean(text),
            suspicion => self.0.judge_further(place, key, text, attributes, suspicion),
        }
    }

    /// What [`judge`](Self::judge) would say, and why. Nothing is counted.
    pub fn explain<'t>(&self, place: Place, key: &str, text: &'t str) -> Ruling<'t> {
        self.0.rule(place, key, self.treatment(place, key), text, None)
    }

    /// As [`explain`](Self::explain), for a number or a bool as it is written. Only a whole number of ten digits
    /// or more is scanned.
    pub fn explain_number<'t>(&self, place: Place, key: &str, written: &'t str) -> Ruling<'t> {
        let treatment = self.treatment(place, key);
        if treatment.kind.is_of_key() {
            return self.0.rule(place, key, treatment, written, None);
        }
        let found = if is_long(written) { self.0.find(written, treatment.except) } else { Vec::new() };
        self.0.replace(place, written, &found, written.len())
    }

    /// The key as it may be shown: `[redacted]` if it holds itself what may not leave. Nothing is counted.
    pub fn shown_key<'k>(&self, place: Place, key: &'k str) -> &'k str {
        self.treatment(place, key).shown(key)
    }

    /// What is known of the key alone.
    pub(super) fn treatment(&self, place: Place, key: &str) -> Treatment {
        self.0.treatment(place, key)
    }

    /// Whether a text leaves as it is, as far as that can be told at first sight.
    #[inline]
    pub(crate) fn lets_text_through(&self, place: Place, key: &str, text: &str) -> bool {
        self.0.look(place, key, text) == Suspicion::NONE
    }

    /// Whether a key is known, and leaves it to its values what becomes of them.
    #[inline]
    pub(super) fn is_unruled(&self, key: &str) -> bool {
        self.0.known(key).is_some_and(|treatment| !treatment.kind.is_of_key())
    }

    /// Whether nothing is found in a text without a key. It counts nothing.
    pub(super) fn is_clean(&self, text: &str) -> bool {
        self.0.find(text, Treatment::UNNAMED.except).is_empty()
    }

    /// Judges a number, as it would be written, for what is found in it.
    pub(super) fn judge_digits<'t>(&self, place: Place, key: &str, digits: &'t str) -> Verdict<'t> {
        let inner = &*self.0;
        let found = inner.find(digits, inner.treatment(place, key).except);
        match found.is_empty() {
            true => Verdict::Clean(digits),
            false => inner.record(place, key, digits, inner.replace(place, digits, &found, digits.len())),
        }
    }
}

/// Whether it is a whole number of ten digits or more.
fn is_long(written: &str) -> bool {
    let digits = written.strip_prefix('-').unwrap_or(written).as_bytes();
    digits.len() >= 10 && digits.iter().all(u8::is_ascii_digit)
}

impl Inner {
    /// What is seen without asking a detector, and so without a fence: most texts raise nothing. Not looked at is a text
    /// whose key decides or is new, one that is too long, and any where there are detectors of the platform's own.
    ///
    /// Nothing of it is needed any more when another function is called: so no register is saved for most texts.
    #[inline(never)]
    fn look(&self, place: Place, key: &str, text: &str) -> Suspicion {
        let unseen_bytes = if key.is_empty() {
            self.unseen_bytes(place, Kind::Undeclared)
        } else if let Some(known) = self.treatments.at_first(key) {
            known.unseen_bytes
        } else {
            return self.look_at_any(key, text);
        };
        if text.len() < unseen_bytes { Suspicion::of(text.as_bytes()) } else { Suspicion::UNSEEN }
    }

    #[inline(never)]
    fn look_at_any(&self, key: &str, text: &str) -> Suspicion {
        match self.treatments.get(key) {
            Some(known) if text.len() < known.unseen_bytes => Suspicion::of_any(text.as_bytes()),
            _ => Suspicion::UNSEEN,
        }
    }

    /// The length from which on a text is not looked at.
    pub(super) fn unseen_bytes(&self, place: Place, kind: Kind) -> usize {
        if self.is_scanned(place, kind) { self.unseen_bytes } else { 0 }
    }

    fn treatment(&self, place: Place, key: &str) -> Treatment {
        self.known(key).unwrap_or_else(|| self.treatment_anew(place, key))
    }

    /// How the values of a key are treated that was seen before, or of none.
    #[inline(always)]
    fn known(&self, key: &str) -> Option<Treatment> {
        if key.is_empty() { Some(Treatment::UNNAMED) } else { Some(self.treatments.get(key)?.treatment) }
    }

    fn treatment_anew(&self, place: Place, key: &str) -> Treatment {
        match place {
            // What others name is not kept: they could fill the table.
            Place::Baggage | Place::Tracestate => self.look_up(key),
            _ if key.len() > Treatments::LONGEST => Treatment { kind: Kind::Unfit, ..Treatment::UNNAMED },
            _ => {
                let treatment = self.look_up(key);
                // Where undeclared text is needed all the same, it is looked at when it is judged.
                self.treatments.keep(key, treatment, self.unseen_bytes(Place::SpanAttribute, treatment.kind));
                treatment
            }
        }
    }

    fn look_up(&self, key: &str) -> Treatment {
        let treatment = Treatment::of(key, &self.schema, &self.rules);
        let is_foreign = matches!(treatment.kind, Kind::Undeclared | Kind::Hidden(None));
        match is_foreign && !self.find(key, Detectors::of(&[Detector::Debug])).is_empty() {
            true => Treatment { kind: Kind::Unfit, ..treatment },
            false => treatment,
        }
    }

    /// Whether its key leaves it to the text what becomes of it.
    #[inline]
    fn is_scanned(&self, place: Place, kind: Kind) -> bool {
        match kind {
            Kind::Declared => true,
            Kind::Undeclared => self.rules.mode != Mode::Strict || place.is_needed(),
            Kind::Hidden(_) | Kind::Unfit | Kind::Class(_) => false,
        }
    }

    fn find(&self, text: &str, except: Detectors) -> Vec<Finding> {
        self.fenced(text, || self.scanner.find(text, except))
    }

    /// What cannot be judged is hidden as a whole.
    fn fenced(&self, text: &str, find: impl FnOnce() -> Vec<Finding>) -> Vec<Finding> {
        let found = self.panics.fence(Callback::Detector, find);
        found.unwrap_or_else(|| vec![Finding { range: 0..text.len(), detector: Detector::Failure }])
    }

    #[inline(never)]
    fn judge_further<'t>(
        &self,
        place: Place,
        key: &str,
        text: &'t str,
        attributes: Option<&ContextAttributes>,
        suspicion: Suspicion,
    ) -> Verdict<'t> {
        let treatment = self.treatment(place, key);
        if suspicion == Suspicion::UNSEEN {
            let ruling = self.rule(place, key, treatment, text, attributes);
            return self.record(place, treatment.shown(key), text, ruling);
        }
        let found = self.fenced(text, || self.scanner.examine(text, suspicion, treatment.except));
        match found.is_empty() {
            true => Verdict::Clean(text),
            false => self.record(place, key, text, self.replace(place, text, &found, text.len())),
        }
    }

    /// Counts what was found, and hands the verdict on.
    #[cold]
    fn record<'t>(&self, place: Place, key: &str, text: &'t str, ruling: Ruling<'t>) -> Verdict<'t> {
        if ruling.is_cut {
            self.counts.cut(place);
        }
        if let Some(purpose) = &ruling.refused_purpose {
            self.counts.refuse_purpose(purpose);
        }
        for Reason { detector, .. } in ruling.reasons {
            let is_new = self.counts.redact(place, key, detector);
            if let (true, Detector::Undeclared, Some(notify)) = (is_new, detector, self.notify.get()) {
                self.panics.fence(Callback::Notifier, || notify(place, key));
            }
        }
        if self.rules.is_dry_run { Verdict::Clean(text) } else { ruling.verdict }
    }

    fn rule<'t>(
        &self,
        place: Place,
        key: &str,
        treatment: Treatment,
        text: &'t str,
        attributes: Option<&ContextAttributes>,
    ) -> Ruling<'t> {
        if !self.is_scanned(place, treatment.kind) {
            return self.hide(place, key, treatment.kind, text, attributes);
        }
        let end = text.floor_char_boundary(self.rules.value_bytes);
        let scanned_end = text.floor_char_boundary(end.saturating_add(OVERLAP));
        let mut found = self.find(text.get(..scanned_end).unwrap_or_default(), treatment.except);
        found.retain(|finding| finding.range.start < end);
        self.replace(place, text, &found, end)
    }

    /// What is left of `text` up to `end` without what was found in it.
    #[cold]
    fn replace<'t>(&self, place: Place, text: &'t str, found: &[Finding], end: usize) -> Ruling<'t> {
        let reasons: Vec<_> = found
            .iter()
            .map(|Finding { range, detector }| {
                let (range, detector) = (range.clone(), *detector);
                Reason { range, detector, action: self.action(place, detector) }
            })
            .collect();
        let verdict = match reasons.iter().map(|reason| reason.action).max() {
            None => Verdict::Clean(text.get(..end).unwrap_or_default()),
            Some(Action::Hash | Action::Replace) => Verdict::Replaced(self.marked(text, &reasons, end)),
            Some(Action::Drop) => Verdict::Refused,
            Some(Action::RefuseSpan) => Verdict::SpanRefused,
        };
        Ruling { verdict, reasons, is_cut: end < text.len(), refused_purpose: None }
    }

    fn marked(&self, text: &str, reasons: &[Reason], end: usize) -> String {
        let mut left = String::with_capacity(end);
        let mut at = 0;
        for Reason { range, detector, action } in reasons {
            left.push_str(text.get(at..range.start).unwrap_or_default());
            self.write_marker(&mut left, *detector, text.get(range.clone()).unwrap_or_default(), *action);
            at = range.end;
        }
        left.push_str(text.get(at..end).unwrap_or_default());
        left
    }

    fn write_marker(&self, out: &mut String, detector: Detector, hidden: &str, action: Action) {
        let key = self.hash_key.as_ref().filter(|_| action == Action::Hash);
        write_marker(out, detector, self.name(detector), hidden, key);
    }

    /// A value of which its key decides.
    #[cold]
    fn hide<'t>(
        &self,
        place: Place,
        key: &str,
        kind: Kind,
        text: &'t str,
        attributes: Option<&ContextAttributes>,
    ) -> Ruling<'t> {
        let mut refused_purpose = None;
        let (detector, action) = match kind {
            Kind::Hidden(Some(action)) => (Detector::Key, self.with_place(place, Some(action))),
            Kind::Hidden(None) => (Detector::Key, self.action(place, Detector::Key)),
            Kind::Unfit => (Detector::Key, Action::Drop),
            Kind::Class(class) => {
                let (action, refused) = self.action_of(place, key, class, attributes);
                refused_purpose = refused;
                (Detector::Class, action)
            }
            Kind::Declared | Kind::Undeclared => (Detector::Undeclared, Action::Drop),
        };
        let verdict = match action {
            Action::Hash | Action::Replace => {
                let mut marker = String::new();
                self.write_marker(&mut marker, detector, text, action);
                Verdict::Replaced(marker)
            }
            Action::Drop => Verdict::Refused,
            Action::RefuseSpan => Verdict::SpanRefused,
        };
        let reasons = vec![Reason { range: 0..text.len(), detector, action }];
        Ruling { verdict, reasons, is_cut: false, refused_purpose }
    }

    fn action(&self, place: Place, detector: Detector) -> Action {
        self.with_place(place, self.rules.detectors.get(&detector).copied())
    }

    /// The stricter of what is said here and what is said of the place.
    fn with_place(&self, place: Place, action: Option<Action>) -> Action {
        let of_place = self.rules.places.get(&place).copied();
        let least = place.is_foreign().then_some(Action::Drop);
        [action, of_place, least].into_iter().flatten().max().unwrap_or(Action::Replace)
    }

    /// What becomes of a value of this class; and the purpose, if that is why it does not leave.
    fn action_of(
        &self,
        place: Place,
        key: &str,
        class: PiiClass,
        attributes: Option<&ContextAttributes>,
    ) -> (Action, Option<Arc<str>>) {
        let mut refused = None;
        let least = match class {
            PiiClass::None | PiiClass::Pseudonymous => None,
            PiiClass::Secret => Some(Action::Drop),
            PiiClass::Personal if place.is_far() => Some(Action::Drop),
            PiiClass::Personal => {
                refused = self.refused_purpose(key, attributes);
                Some(if refused.is_none() { Action::Hash } else { Action::Drop })
            }
        };
        let asked = self.rules.classes.get(&class).copied();
        (self.with_place(place, asked.max(least)), refused)
    }

    /// The purpose that is declared now, or an empty one, unless it allows a personal value to leave as a hash.
    fn refused_purpose(&self, key: &str, attributes: Option<&ContextAttributes>) -> Option<Arc<str>> {
        let purpose = match attributes {
            Some(attributes) => attributes.value(Key::Purpose),
            None => ContextAttributes::current().value(Key::Purpose),
        };
        let of_key = self.rules.keys.get(key).and_then(|rules| rules.purposes.as_ref());
        let allowed = of_key.unwrap_or(&self.rules.purposes);
        let purpose = purpose.unwrap_or_default();
        (!allowed.contains(&*purpose)).then_some(purpose)
    }
}
