//! Canaries, handed out one by one to inputs that can hold them.

use std::collections::VecDeque;

use trilha_testing::{Canaries, Canary};

pub(crate) struct Plants {
    source: Canaries,
    /// Those that an earlier input could not hold.
    waiting: VecDeque<Canary>,
    planted: Vec<Canary>,
}

impl Plants {
    pub(crate) fn new(source: Canaries) -> Self {
        Self { source, waiting: VecDeque::new(), planted: Vec::new() }
    }

    pub(crate) fn count(&self) -> usize {
        self.planted.len()
    }

    pub(crate) fn planted(&self) -> impl Iterator<Item = &Canary> {
        self.planted.iter()
    }

    /// For an input that holds any text.
    pub(crate) fn text(&mut self) -> String {
        self.fit(|_| true)
    }

    /// For one that holds no line breaks.
    pub(crate) fn line(&mut self) -> String {
        self.fit(|value| !value.contains(char::is_control))
    }

    /// For one that holds printable ASCII.
    pub(crate) fn ascii(&mut self) -> String {
        self.fit(|value| value.bytes().all(|b| (b' '..=b'~').contains(&b)))
    }

    /// For one that holds neither white space nor what separates members of a list.
    pub(crate) fn token(&mut self) -> String {
        self.fit(|value| {
            value.len() <= 120 && value.bytes().all(|b| b.is_ascii_graphic() && !b",;=\"\\%".contains(&b))
        })
    }

    /// For a method of HTTP.
    pub(crate) fn method(&mut self) -> String {
        self.fit(|value| value.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b)))
    }

    fn fit(&mut self, fits: impl Fn(&str) -> bool) -> String {
        let at = self.waiting.iter().position(|canary| fits(canary.value()));
        let canary = at.and_then(|at| self.waiting.remove(at)).unwrap_or_else(|| self.next(fits));
        let value = canary.value().to_owned();
        self.planted.push(canary);
        value
    }

    fn next(&mut self, fits: impl Fn(&str) -> bool) -> Canary {
        loop {
            let canary = self.source.next().unwrap();
            match fits(canary.value()) {
                true => return canary,
                false => self.waiting.push_back(canary),
            }
        }
    }
}
