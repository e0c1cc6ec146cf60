//! A destination's host, as a client names it: an address, a name, or something that is neither.
//!
//! It resolves nothing. What one resolver reads as a name and another as an address is neither.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;

/// A host without brackets and final dot.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Host<'a> {
    Address(IpAddr),
    Name {
        name: &'a str,
        /// Whether it ended with a dot: no search list is applied to it.
        is_absolute: bool,
    },
}

impl<'a> Host<'a> {
    pub(super) fn parse(host: &'a str) -> Option<Self> {
        if let Some(inner) = host.strip_prefix('[') {
            return inner.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(Self::v6);
        }
        if host.contains(':') {
            return host.parse::<Ipv6Addr>().ok().map(Self::v6);
        }
        let (name, is_absolute) = match host.strip_suffix('.') {
            Some(name) => (name, true),
            None => (host, false),
        };
        if name.len() > MAX_NAME || !name.split('.').all(is_label) {
            return None;
        }
        if is_numeric(last_label(name)) {
            // `2130706433`, `127.1` and `0x7f.0.0.1` are refused: resolvers disagree on what they are.
            return name.parse::<Ipv4Addr>().ok().map(|address| Self::Address(address.into()));
        }
        Some(Self::Name { name, is_absolute })
    }

    fn v6(address: Ipv6Addr) -> Self {
        Self::Address(address.to_canonical())
    }

    /// Whether the host cannot be on the public internet: [`Destinations::private`] tells which are.
    ///
    /// [`Destinations::private`]: super::Destinations::private
    pub(super) fn is_private(self) -> bool {
        match self {
            Self::Address(IpAddr::V4(address)) => {
                address.is_loopback() || address.is_private() || address.is_link_local()
            }
            Self::Address(IpAddr::V6(address)) => {
                address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
            }
            Self::Name { name, is_absolute } if !name.contains('.') => {
                let is_domain = is_absolute || starts_with(name, "xn--");
                name.eq_ignore_ascii_case("localhost") || !is_domain
            }
            Self::Name { name, .. } => PRIVATE_DOMAINS.iter().any(|domain| is_below(name, domain)),
        }
    }
}

/// Domains that are never delegated in the public DNS.
const PRIVATE_DOMAINS: [&str; 5] = [
    "localhost", // RFC 6761
    "local",     // RFC 6762; `cluster.local` of Kubernetes lies in it
    "internal",  // reserved by ICANN for private use, 2024
    "home.arpa", // RFC 8375
    "svc",       // what Kubernetes' search list completes; nobody reserved it, nobody has it
];

/// Whether `name` lies below `domain`; the domain itself does not.
pub(super) fn is_below(name: &str, domain: &str) -> bool {
    let Some(at) = name.len().checked_sub(domain.len()) else { return false };
    let Some((front, end)) = name.as_bytes().split_at_checked(at) else { return false };
    end.eq_ignore_ascii_case(domain.as_bytes()) && front.len() > 1 && front.ends_with(b".")
}

fn starts_with(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn last_label(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// Whether some resolver may read a name that ends with `label` as an address.
fn is_numeric(label: &str) -> bool {
    let hex = label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"));
    label.bytes().all(|byte| byte.is_ascii_digit())
        || hex.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Letters, digits, hyphens, and the underscores of container names.
fn is_label(label: &str) -> bool {
    (1..=MAX_LABEL).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address() {
        let name = |name, is_absolute| Some(Host::Name { name, is_absolute });
        let address = |text: &str| Some(Host::Address(text.parse().unwrap()));
        for (host, expected) in [
            ("orders", name("orders", false)),
            ("orders.shop.", name("orders.shop", true)),
            ("my_service", name("my_service", false)),
            ("1st.example", name("1st.example", false)),
            ("0xyz", name("0xyz", false)),
            ("10.0.0.1", address("10.0.0.1")),
            ("10.0.0.1.", address("10.0.0.1")),
            ("::1", address("::1")),
            ("[::1]", address("::1")),
            ("::ffff:10.0.0.1", address("10.0.0.1")),
        ] {
            assert_eq!(Host::parse(host), expected, "{host}");
        }
    }

    #[test]
    fn what_resolvers_disagree_on_is_no_host() {
        let hosts = "
            . .. .a a..b a.. a/b a@b a%2e a,b *
            2130706433 127.1 0x7f.1 0x7f000001 0X7F000001 0x 017700000001 0177.0.0.1 127.0.0.01
            256.0.0.1 1.2.3.4.5 a.1 a.0x1 a.1.
            orders:80 127.0.0.1:80 [::1]:80 [::1 ::1] [] [orders] [127.0.0.1] [[::1]]
            fe80::1%eth0 [fe80::1%25eth0] ｌocalhost café";
        let odd = ["", " ", "a b", "a\0", "a\n", "localhost\u{3002}"];
        for host in hosts.split_whitespace().chain(odd) {
            assert_eq!(Host::parse(host), None, "{host:?}");
        }
        assert_eq!(Host::parse(&"a".repeat(64)), None);
        assert_eq!(Host::parse(&vec!["a"; 128].join(".")), None);
    }

    #[test]
    fn below_a_domain_is_below_a_dot() {
        assert!(is_below("a.b.Example.COM", "example.com"));
        for not in ["example.com", "evil-example.com", "example.com.evil", "xexample.com", "com", ""] {
            assert!(!is_below(not, "example.com"), "{not}");
        }
    }
}
