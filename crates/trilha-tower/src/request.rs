//! What both layers read off a request, bounded where the other side chose it.

use std::borrow::Cow;

use http::{header::HOST, request::Parts, uri::Authority};
use trilha_core::recorder::{Attribute, Value};

const MAX_HOST: usize = 255;

/// Attributes that are known at the start. Those that the metrics get too come first.
#[derive(Debug)]
pub(crate) struct Known<'a> {
    attributes: Vec<Attribute<'a>>,
    dimensions: usize,
}

impl<'a> Known<'a> {
    /// What the span and the metrics get.
    pub(crate) fn dimensions(dimensions: impl IntoIterator<Item = Option<Attribute<'a>>>) -> Self {
        let mut attributes = Vec::with_capacity(12);
        attributes.extend(dimensions.into_iter().flatten());
        Self { dimensions: attributes.len(), attributes }
    }

    /// What the span alone gets.
    pub(crate) fn and(mut self, attributes: impl IntoIterator<Item = Option<Attribute<'a>>>) -> Self {
        self.attributes.extend(attributes.into_iter().flatten());
        self
    }

    pub(crate) fn for_span(&self) -> &[Attribute<'a>] {
        &self.attributes
    }

    pub(crate) fn for_metrics(&self) -> &[Attribute<'a>] {
        self.attributes.get(..self.dimensions).unwrap_or_default()
    }
}

/// An attribute whose value may be missing.
pub(crate) fn attribute<'a>(key: &'a str, value: Option<impl Into<Value<'a>>>) -> Option<Attribute<'a>> {
    value.map(|value| (key, value.into()))
}

/// The server that the request names, in its URI or else in its `Host` header.
pub(crate) fn authority(request: &Parts) -> Option<Cow<'_, Authority>> {
    let named = request.uri.authority().map(Cow::Borrowed).or_else(|| {
        let host = request.headers.get(HOST)?;
        Authority::try_from(host.as_bytes()).ok().map(Cow::Owned)
    });
    named.filter(|authority| authority.host().len() <= MAX_HOST)
}

/// `server.address` and `server.port`, where they are known.
pub(crate) fn server<'a>(address: Option<&'a str>, port: Option<u16>) -> [Option<Attribute<'a>>; 2] {
    [attribute("server.address", address), attribute("server.port", port)]
}

/// The start of `text`, of at most `max` bytes.
pub(crate) fn bounded(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn parts(uri: &str, host: &str) -> Parts {
        Request::get(uri).header("host", host).body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_uri_goes_before_a_host_header() {
        let both = parts("http://a:81/", "b");
        assert_eq!(authority(&both).unwrap().as_str(), "a:81");
        let header = parts("/", "ana:pw@b:82");
        assert_eq!(authority(&header).unwrap().host(), "b");
    }

    #[test]
    fn a_hostile_host_is_left_out() {
        for bad in ["", "a b", "a/b", &"a".repeat(256)] {
            assert_eq!(authority(&parts("/", bad)), None, "{bad}");
        }
    }

    #[test]
    fn text_is_cut_at_a_character() {
        assert_eq!(bounded("aé", 2), "a");
        assert_eq!(bounded("aé", 3), "aé");
        assert_eq!(bounded("", 3), "");
    }
}
