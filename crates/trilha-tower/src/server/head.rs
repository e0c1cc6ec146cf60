//! The head of a request, where it stands: a request is taken apart only for rules that want its [`Parts`], since to
//! move one costs as much as to read it.

use http::{Extensions, HeaderMap, Method, Request, Uri, Version, request::Parts};

/// A request but for its body.
#[derive(Clone, Copy)]
pub(super) struct Head<'a> {
    pub(super) method: &'a Method,
    pub(super) uri: &'a Uri,
    pub(super) version: Version,
    pub(super) headers: &'a HeaderMap,
    pub(super) extensions: &'a Extensions,
    /// For rules of the program's: none where there are no rules.
    pub(super) parts: Option<&'a Parts>,
}

impl<'a> Head<'a> {
    /// That of a request for which no rule is asked.
    pub(super) fn of<B>(request: &'a Request<B>) -> Self {
        Self {
            method: request.method(),
            uri: request.uri(),
            version: request.version(),
            headers: request.headers(),
            extensions: request.extensions(),
            parts: None,
        }
    }
}

impl<'a> From<&'a Parts> for Head<'a> {
    fn from(parts: &'a Parts) -> Self {
        Self {
            method: &parts.method,
            uri: &parts.uri,
            version: parts.version,
            headers: &parts.headers,
            extensions: &parts.extensions,
            parts: Some(parts),
        }
    }
}
