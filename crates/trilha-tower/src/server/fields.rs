//! The headers of a request that its span tells of, found in the one pass that also finds what is propagated.
//!
//! A name that stands there twice counts as it stands there first.

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CONTENT_TYPE, HOST, USER_AGENT},
};
use trilha_core::http::Headers;

static FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The values of these headers, and all of them as a carrier.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    pub(super) host: Option<&'a HeaderValue>,
    pub(super) user_agent: Option<&'a HeaderValue>,
    pub(super) content_type: Option<&'a HeaderValue>,
    pub(super) forwarded_proto: Option<&'a HeaderValue>,
    /// Of an HTTP request.
    pub(super) carrier: Headers<'a>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(headers: &'a HeaderMap) -> Self {
        let [mut host, mut user_agent, mut content_type, mut forwarded_proto] = [None; 4];
        let carrier = Headers::looked_through(headers, |name, value| {
            let field = match name {
                name if *name == HOST => &mut host,
                name if *name == USER_AGENT => &mut user_agent,
                name if *name == CONTENT_TYPE => &mut content_type,
                name if *name == FORWARDED_PROTO => &mut forwarded_proto,
                _ => return,
            };
            field.get_or_insert(value);
        });
        Self { host, user_agent, content_type, forwarded_proto, carrier }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_its_name_and_the_first_counts() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("accept", "text/html"),
            ("host", "a"),
            ("user-agent", "b"),
            ("content-type", "c"),
            ("x-forwarded-proto", "d"),
            ("host", "e"),
            ("x-forwarded-proto", "f"),
        ] {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let Fields { host, user_agent, content_type, forwarded_proto, .. } = Fields::of(&headers);
        let all = [host, user_agent, content_type, forwarded_proto];
        assert_eq!(all.map(|value| value.unwrap().to_str().unwrap()), ["a", "b", "c", "d"]);
    }
}
