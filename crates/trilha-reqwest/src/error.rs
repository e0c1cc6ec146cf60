//! The kind of a reqwest error, never its message.

/// The value of `error.type`. The order goes from what says more to what says less.
pub(crate) fn error_type(error: &reqwest::Error) -> &'static str {
    type Is = fn(&reqwest::Error) -> bool;
    let kinds: [(Is, &str); 8] = [
        (reqwest::Error::is_dns, "dns"),
        (reqwest::Error::is_connect, "connect"),
        (reqwest::Error::is_timeout, "timeout"),
        (reqwest::Error::is_redirect, "redirect"),
        (reqwest::Error::is_builder, "builder"),
        (reqwest::Error::is_body, "body"),
        (reqwest::Error::is_decode, "decode"),
        (reqwest::Error::is_request, "request"),
    ];
    kinds.iter().find(|(is, _)| is(error)).map_or("_OTHER", |(_, name)| name)
}
