//! The kinds of requests that were served, by route: what all spans of a kind begin with is kept for as long as the
//! program runs.
//!
//! A program has some dozens. Those beyond the bound, which a rule that makes routes up would reach, are made anew
//! for each request. What a caller chooses, as the method of a gRPC call, never stands here.

use std::{
    borrow::Cow,
    hash::Hasher,
    iter,
    sync::{LazyLock, OnceLock},
};

use http::{Method, Version};
use rustc_hash::FxHasher;
use trilha_core::{
    ContextAttributes, MatchedRoute,
    http::{SpanName, known_method, protocol_version, span_name},
    recorder::{Opening, Say},
};

static KEPT: LazyLock<Routes<MOST>> = LazyLock::new(Routes::new);

/// What a request is, but for its route.
#[derive(Clone, Copy)]
pub(super) struct Kind<'r> {
    pub(super) method: &'r Method,
    /// `http` or `https`.
    pub(super) scheme: &'static str,
    pub(super) version: Version,
}

impl Kind<'_> {
    /// What its span says of it, under the keys of the semantic conventions.
    fn attributes(self, template: Option<&str>) -> impl Iterator<Item = (&'static str, &str)> {
        let attributes = [
            ("http.request.method", Some(known_method(self.method))),
            ("url.scheme", Some(self.scheme)),
            ("http.route", template),
            ("network.protocol.version", protocol_version(self.version)),
        ];
        attributes.into_iter().filter_map(|(key, text)| Some((key, text?)))
    }
}

/// What is known of a request's kind and route.
pub(super) enum Route<'r> {
    Kept(&'static Kept),
    /// There is none, or one that is not kept.
    Other {
        name: SpanName,
        template: Option<Cow<'r, str>>,
    },
}

impl<'r> Route<'r> {
    pub(super) fn new(kind: Kind<'_>, template: Option<Cow<'r, str>>) -> Self {
        match template.as_deref().and_then(|template| KEPT.of(kind, template)) {
            Some(kept) => Self::Kept(kept),
            None => Self::Other { name: span_name(kind.method, template.as_deref()), template },
        }
    }

    /// The name of the span.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Kept(kept) => kept.opening.name(),
            Self::Other { name, .. } => name,
        }
    }

    /// What the span begins with, where that is kept.
    pub(super) fn opening(&self) -> Option<&Opening> {
        match self {
            Self::Kept(kept) => Some(&kept.opening),
            Self::Other { .. } => None,
        }
    }

    /// Says what an [opening](Self::opening) would, where there is none.
    pub(super) fn describe<'a>(&'a self, kind: Kind<'_>, say: &mut Say<'_, 'a>) {
        if let Self::Other { template, .. } = self {
            let attributes = kind.attributes(template.as_deref());
            attributes.for_each(|(key, text)| say(key, text.into()));
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

    /// Makes it known to all that the request brings about, as an [opening](Self::opening) does where there is one.
    pub(super) fn tell(&self, attributes: &ContextAttributes) {
        if let Self::Other { template: Some(template), .. } = self {
            attributes.matched_route(template);
        }
    }
}

/// A route of one kind of requests.
#[derive(Debug)]
pub(super) struct Kept {
    method: Method,
    scheme: &'static str,
    version: Version,
    route: MatchedRoute,
    opening: Opening,
}

impl Kept {
    fn is(&self, kind: Kind<'_>, template: &str) -> bool {
        self.method == *kind.method
            && self.scheme == kind.scheme
            && self.version == kind.version
            && self.route.as_str() == template
    }
}

/// By kind and template. Nothing is ever taken out or moved, so that reading needs no lock.
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
    fn of(&self, kind: Kind<'_>, template: &str) -> Option<&Kept> {
        for place in self.places(kind, template) {
            match place.get() {
                Some(kept) if kept.is(kind, template) => return Some(kept),
                Some(_) => {}
                None => return Self::keep(place, kind, template),
            }
        }
        None
    }

    /// Two that come to a place at once are one, or the second is kept when it is asked for again.
    #[cold]
    fn keep<'k>(place: &'k OnceLock<Kept>, kind: Kind<'_>, template: &str) -> Option<&'k Kept> {
        if known_method(kind.method) != kind.method.as_str() {
            return None; // callers may make up as many as they like
        }
        let Kind { method, scheme, version } = kind;
        let route = MatchedRoute::new(template)?;
        let name = span_name(method, Some(template));
        let opening = Opening::of_route(&name, &route, kind.attributes(Some(template)));
        let kept = Kept { method: method.clone(), scheme, version, route, opening };
        Some(place.get_or_init(|| kept)).filter(|kept| kept.is(kind, template))
    }

    fn places(&self, kind: Kind<'_>, template: &str) -> impl Iterator<Item = &OnceLock<Kept>> {
        let mut hasher = FxHasher::default();
        hasher.write(template.as_bytes());
        hasher.write(kind.method.as_str().as_bytes());
        hasher.write_usize(kind.scheme.len());
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
        let kind = Kind { method: &method.parse().unwrap(), scheme: "http", version: Version::HTTP_11 };
        routes.of(kind, template).map(|kept| kept.opening.name())
    }

    #[test]
    fn kinds_of_one_route_are_told_apart() {
        let routes = Routes::<TRIES>::new();
        let versions = [(Version::HTTP_11, "1.1"), (Version::HTTP_2, "2")];
        for (version, said) in versions.into_iter().chain(versions) {
            for scheme in ["http", "https"] {
                let kept = routes.of(Kind { method: &Method::GET, scheme, version }, "/a").unwrap();
                let attributes = [
                    ("http.request.method", "GET"),
                    ("url.scheme", scheme),
                    ("http.route", "/a"),
                    ("network.protocol.version", said),
                    ("route", "/a"),
                ];
                assert_eq!(kept.opening.texts().collect::<Vec<_>>(), attributes);
            }
        }
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
