//! The routes by which requests were served, each with the name of its spans: kept for as long as the program runs.
//!
//! A program has some dozens. Those beyond the bound, which a rule that makes routes up would reach, are made anew
//! for each request. What a caller chooses, as the method of a gRPC call, never stands here.

use std::{
    borrow::Cow,
    hash::Hasher,
    iter,
    sync::{LazyLock, OnceLock},
};

use http::Method;
use rustc_hash::FxHasher;
use trilha_core::{
    ContextAttributes, MatchedRoute,
    http::{SpanName, known_method, span_name},
};

static KEPT: LazyLock<Routes<MOST>> = LazyLock::new(Routes::new);

/// What is known of a request's route.
pub(super) enum Route<'r> {
    Kept(&'static Kept),
    /// There is none, or one that is not kept.
    Other {
        name: SpanName,
        template: Option<Cow<'r, str>>,
    },
}

impl<'r> Route<'r> {
    pub(super) fn new(method: &Method, template: Option<Cow<'r, str>>) -> Self {
        match template.as_deref().and_then(|template| KEPT.of(method, template)) {
            Some(kept) => Self::Kept(kept),
            None => Self::Other { name: span_name(method, template.as_deref()), template },
        }
    }

    /// The name of the span.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Kept(kept) => &kept.name,
            Self::Other { name, .. } => name,
        }
    }

    /// `http.route`.
    pub(super) fn template(&self) -> Option<&str> {
        match self {
            Self::Kept(kept) => Some(kept.route.as_str()),
            Self::Other { template, .. } => template.as_deref(),
        }
    }

    /// The same for a metric.
    pub(super) fn dimension(&self) -> Option<opentelemetry::Value> {
        match self {
            Self::Kept(kept) => Some(kept.route.value()),
            Self::Other { template, .. } => Some(template.as_deref()?.to_owned().into()),
        }
    }

    /// Makes it known to all that the request brings about.
    pub(super) fn tell(&self, attributes: &ContextAttributes) {
        match self {
            Self::Kept(kept) => attributes.matched(&kept.route),
            Self::Other { template: Some(template), .. } => attributes.matched_route(template),
            Self::Other { template: None, .. } => return,
        };
    }
}

/// A route of one method.
#[derive(Debug)]
pub(super) struct Kept {
    method: Method,
    route: MatchedRoute,
    name: Box<str>,
}

/// By method and template. Nothing is ever taken out or moved, so that reading needs no lock.
struct Routes<const PLACES: usize>(Box<[OnceLock<Kept>]>);

/// As many are kept.
const MOST: usize = 1_024;
/// How many places one may stand at.
const TRIES: usize = 8;

impl<const PLACES: usize> Routes<PLACES> {
    fn new() -> Self {
        Self(iter::repeat_with(OnceLock::new).take(PLACES).collect())
    }

    /// None where it is not kept.
    fn of(&self, method: &Method, template: &str) -> Option<&Kept> {
        for place in self.places(method, template) {
            match place.get() {
                Some(kept) if kept.method == *method && kept.route.as_str() == template => return Some(kept),
                Some(_) => {}
                None => return Self::keep(place, method, template),
            }
        }
        None
    }

    /// Two that come to a place at once are one route, or the second is kept when it is asked for again.
    #[cold]
    fn keep<'k>(place: &'k OnceLock<Kept>, method: &Method, template: &str) -> Option<&'k Kept> {
        if known_method(method) != method.as_str() {
            return None; // callers may make up as many as they like
        }
        let route = MatchedRoute::new(template)?;
        let kept = Kept { method: method.clone(), route, name: (*span_name(method, Some(template))).into() };
        Some(place.get_or_init(|| kept))
            .filter(|kept| kept.method == *method && kept.route.as_str() == template)
    }

    fn places(&self, method: &Method, template: &str) -> impl Iterator<Item = &OnceLock<Kept>> {
        let mut hasher = FxHasher::default();
        hasher.write(template.as_bytes());
        hasher.write(method.as_str().as_bytes());
        let first = hasher.finish() as usize % PLACES;
        (first..first + TRIES).filter_map(|at| self.0.get(at % PLACES))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name<'r, const PLACES: usize>(
        routes: &'r Routes<PLACES>,
        method: &str,
        template: &str,
    ) -> Option<&'r str> {
        routes.of(&method.parse().unwrap(), template).map(|kept| &*kept.name)
    }

    #[test]
    fn those_that_share_a_place_are_told_apart() {
        let routes = Routes::<TRIES>::new();
        for (method, template) in [("GET", "/a"), ("POST", "/a"), ("GET", "/b"), ("POST", "/b")].repeat(2) {
            assert_eq!(name(&routes, method, template), Some(&*format!("{method} {template}")));
        }
    }

    #[test]
    fn a_route_is_kept_once_for_each_method() {
        let routes = Routes::<MOST>::new();
        let methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "QUERY"];
        for method in methods {
            for template in ["/orders", "/orders/{id}"] {
                let kept = name(&routes, method, template).unwrap();
                assert_eq!(kept, format!("{method} {template}"));
                assert!(std::ptr::eq(kept, name(&routes, method, template).unwrap()));
            }
        }
        let kept = routes.0.iter().filter(|place| place.get().is_some()).count();
        assert_eq!(kept, 2 * methods.len());
    }

    #[test]
    fn what_callers_make_up_and_what_is_no_route_is_not_kept() {
        let routes = Routes::<MOST>::new();
        let long = "/a".repeat(1_000);
        for (method, template) in [("BREW", "/orders"), ("GET", ""), ("GET", "/a\n"), ("GET", &long)] {
            assert_eq!(name(&routes, method, template), None, "{method} {template:?}");
        }
        assert!(routes.0.iter().all(|place| place.get().is_none()));
    }

    #[test]
    fn those_beyond_the_bound_are_not_kept_and_known_ones_stay() {
        let routes = Routes::<MOST>::new();
        let methods = ["GET", "POST", "PUT", "DELETE"].into_iter().cycle();
        let all: Vec<_> =
            methods.zip(0..3 * MOST).map(|(method, number)| (method, format!("/{}", number / 4))).collect();
        let kept: Vec<_> = all.iter().map(|(method, template)| name(&routes, method, template)).collect();
        let count = kept.iter().flatten().count();
        assert!((MOST / 2..=MOST).contains(&count), "{count}");
        for ((method, template), kept) in all.iter().zip(kept) {
            assert_eq!(name(&routes, method, template), kept);
            assert!(kept.is_none_or(|kept| kept == format!("{method} {template}")));
        }
    }
}
