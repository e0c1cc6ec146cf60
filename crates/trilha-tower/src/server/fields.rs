//! The headers of a request that its span tells of, found in one pass.
//!
//! A name that stands there twice counts as it stands there first.

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CONTENT_TYPE, HOST, USER_AGENT},
};

static FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The values of these headers.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    pub(super) host: Option<&'a HeaderValue>,
    pub(super) user_agent: Option<&'a HeaderValue>,
    pub(super) content_type: Option<&'a HeaderValue>,
    pub(super) forwarded_proto: Option<&'a HeaderValue>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(headers: &'a HeaderMap) -> Self {
        let mut fields = Self::default();
        for (name, value) in headers {
            let field = match name {
                name if *name == HOST => &mut fields.host,
                name if *name == USER_AGENT => &mut fields.user_agent,
                name if *name == CONTENT_TYPE => &mut fields.content_type,
                name if *name == FORWARDED_PROTO => &mut fields.forwarded_proto,
                _ => continue,
            };
            field.get_or_insert(value);
        }
        fields
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
        let Fields { host, user_agent, content_type, forwarded_proto } = Fields::of(&headers);
        let all = [host, user_agent, content_type, forwarded_proto];
        assert_eq!(all.map(|value| value.unwrap().to_str().unwrap()), ["a", "b", "c", "d"]);
    }
}
