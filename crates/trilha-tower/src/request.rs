//! What both layers read off a request, bounded where the other side chose it.

use arrayvec::ArrayVec;
use http::{HeaderValue, Uri};
use trilha_core::{
    http::host,
    recorder::{Attribute, Value},
};

const MAX_HOST: usize = 255;

/// Attributes that are known at the start. Those that the metrics get too come first.
#[derive(Debug, Default)]
pub(crate) struct Known<'a> {
    attributes: ArrayVec<Attribute<'a>, MOST>,
    dimensions: usize,
}

/// As many as a client's span gets. More would be left out.
const MOST: usize = 6;

impl<'a> Known<'a> {
    /// Adds what the span alone gets.
    pub(crate) fn attribute(&mut self, key: &'a str, value: Option<impl Into<Value<'a>>>) {
        if let Some(value) = value {
            let _ = self.attributes.try_push((key, value.into()));
        }
    }

    /// Adds what the span and the metrics get, before all else.
    pub(crate) fn dimension(&mut self, key: &'a str, value: Option<impl Into<Value<'a>>>) {
        self.attribute(key, value);
        self.dimensions = self.attributes.len();
    }

    pub(crate) fn for_span(&self) -> &[Attribute<'a>] {
        &self.attributes
    }

    pub(crate) fn for_metrics(&self) -> &[Attribute<'a>] {
        self.attributes.get(..self.dimensions).unwrap_or_default()
    }
}

/// A server, by name or address, and by port.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Server<'a> {
    pub(crate) address: Option<&'a str>,
    pub(crate) port: Option<u16>,
}

impl<'a> Server<'a> {
    /// The one that a request names, in its URI or else in its `Host` header.
    pub(crate) fn named(uri: &'a Uri, host_header: Option<&'a HeaderValue>) -> Self {
        let named = match uri.authority() {
            Some(authority) => Self { address: host(uri), port: authority.port_u16() },
            None => host_header.and_then(Self::in_header).unwrap_or_default(),
        };
        if named.address.is_some_and(|host| host.len() > MAX_HOST) { Self::default() } else { named }
    }

    fn in_header(header: &'a HeaderValue) -> Option<Self> {
        let authority = text(header)?;
        // Nearly all are a name alone. To its end: that costs less than to stop early.
        match !authority.is_empty() && authority.bytes().fold(true, |is, byte| is & is_of_host(byte)) {
            true => Some(Self { address: Some(authority), port: None }),
            false => Self::parse(authority),
        }
    }

    /// Reads an authority, of which the `http` crate would make a copy first. User info is left out, and so are
    /// the brackets of an address of version 6.
    fn parse(authority: &'a str) -> Option<Self> {
        let end = authority.bytes().position(|byte| !is_of_host(byte)).unwrap_or(authority.len());
        let (host, rest) = match authority.split_at_checked(end)? {
            ("", address) => {
                address.strip_prefix('[')?.split_once(']').filter(|(host, _)| is_address(host))?
            }
            named => named,
        };
        if rest.is_empty() {
            return Some(Self { address: Some(host), port: None });
        }
        match rest.rsplit_once('@') {
            Some((_, server)) => Self::parse(server),
            None => Some(Self { address: Some(host), port: rest.strip_prefix(':')?.parse().ok() }),
        }
    }
}

/// Whether it may stand in a name, or in an address of version 4.
fn is_of_host(byte: u8) -> bool {
    /// A table, since it is asked of each byte.
    const IS_OF_HOST: [bool; 256] = {
        let mut table = [false; 256];
        let mut these: &[u8] =
            b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-._~!$&'()*+,;=%";
        while let [byte, rest @ ..] = these {
            if let (_, [entry, ..]) = table.split_at_mut(*byte as usize) {
                *entry = true;
            }
            these = rest;
        }
        table
    };
    IS_OF_HOST.get(usize::from(byte)).is_some_and(|is| *is)
}

/// Whether it may be an address of version 6.
fn is_address(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte == b':' || is_of_host(byte))
}

/// A header's value, if it is plain text: what `to_str` says, which looks at one byte after the other.
#[inline]
pub(crate) fn text(value: &HeaderValue) -> Option<&str> {
    /// From here on it pays to look at many bytes at once.
    const LONG: usize = 32;
    match value.as_bytes() {
        short if short.len() < LONG => value.to_str().ok(),
        // Of control characters a header has tabs alone.
        long => str::from_utf8(long).ok().filter(|text| text.is_ascii()),
    }
}

/// The start of `text`, of at most `max` bytes.
pub(crate) fn bounded(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(uri: &'static str, host: &str) -> (Option<String>, Option<u16>) {
        let (uri, host) = (Uri::from_static(uri), HeaderValue::from_str(host).unwrap());
        let Server { address, port } = Server::named(&uri, Some(&host));
        (address.map(str::to_owned), port)
    }

    #[test]
    fn a_uri_goes_before_a_host_header() {
        assert_eq!(named("http://a:81/", "b"), (Some("a".to_owned()), Some(81)));
        for (header, host, port) in [
            ("ana:pw@b:82", "b", Some(82)),
            ("b", "b", None),
            ("b:", "b", None),
            ("b:99999", "b", None),
            ("192.0.2.1:80", "192.0.2.1", Some(80)),
            ("[::1]", "::1", None),
            ("[2001:db8::1]:8080", "2001:db8::1", Some(8080)),
        ] {
            assert_eq!(named("/", header), (Some(host.to_owned()), port), "{header}");
        }
    }

    #[test]
    fn a_hostile_host_is_left_out() {
        for bad in ["", ":80", "a b", "a/b", "a\"b", "a@", "[::1", "[]", "\u{e7}", &"a".repeat(256)] {
            assert_eq!(named("/", bad), (None, None), "{bad}");
        }
    }

    #[test]
    fn a_value_is_text_where_to_str_says_so() {
        for byte in 0..=u8::MAX {
            for length in [1, 40] {
                let mut bytes = vec![b'a'; length];
                bytes.push(byte);
                let Ok(value) = HeaderValue::from_bytes(&bytes) else { continue };
                assert_eq!(text(&value), value.to_str().ok(), "{byte}");
            }
        }
        let letters = HeaderValue::from_str(&"\u{fc}".repeat(20)).unwrap();
        assert_eq!((text(&letters), letters.to_str().ok()), (None, None));
    }

    #[test]
    fn text_is_cut_at_a_character() {
        assert_eq!(bounded("aé", 2), "a");
        assert_eq!(bounded("aé", 3), "aé");
        assert_eq!(bounded("", 3), "");
    }
}
