//! The destinations that get baggage: hosts by name and address, topics by name.
//!
//! It resolves no name: a rule speaks of the host as the client names it, and ports do not matter.

use std::{borrow::Cow, net::IpAddr, sync::Arc};

use ipnet::IpNet;

use super::{
    InvalidRule,
    host::{Host, is_below},
    parse_all,
    peers::{range, show_range},
};

/// Who may get baggage. Clones share the rules. Defaults to [private hosts](Self::private) and all topics.
///
/// A rule for hosts is one of these; case, a final dot and the brackets of IPv6 do not matter:
///
/// | rule | allows |
/// |---|---|
/// | `orders.example.com` | the host of that name |
/// | `*.example.com` | every host below the domain, at any depth, and not `example.com` itself |
/// | `10.0.0.0/8`, `::1` | hosts that are named by such an address |
/// | `private` | [private hosts](Self::private) |
/// | `*` | all |
///
/// Only `*` allows what is no host at all, such as a name with a port in it.
///
/// ```
/// use trilha_core::trust::Destinations;
///
/// let destinations = Destinations::private().allow("*.partner.example")?;
/// assert!(destinations.allows_host("orders")); // of the same cluster
/// assert!(destinations.allows_host("api.partner.example"));
/// assert!(!destinations.allows_host("example.com"));
/// # Ok::<(), trilha_core::trust::InvalidRule>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Destinations {
    hosts: Arc<[HostRule]>,
    topics: Arc<[TopicRule]>,
}

impl Default for Destinations {
    fn default() -> Self {
        Self::private()
    }
}

impl Destinations {
    /// Hosts that cannot be on the public internet:
    ///
    /// - addresses that are loopback, private (RFC 1918), unique local or link-local;
    /// - `localhost`, and names of a single label, such as services of Docker and Kubernetes: a domain
    ///   without a dot is forbidden to registries. Not so with a final dot, or with `xn--` in front:
    ///   such a name is a top-level domain's;
    /// - names below `localhost`, `local` (with `cluster.local`), `internal`, `home.arpa` and `svc`.
    ///
    /// Not below `lan`, `corp` or `home`, which are widely used but reserved for nobody; not a Kubernetes
    /// name of two labels, which may be anybody's domain; not 100.64.0.0/10, which a provider shares.
    /// What looks like a number (`2130706433`, `0x7f.1`) is refused, as resolvers disagree on it.
    pub fn private() -> Self {
        Self::with_hosts([HostRule::Private])
    }

    /// No host.
    pub fn none() -> Self {
        Self::with_hosts([])
    }

    /// Every host, also on the public internet.
    pub fn all() -> Self {
        Self::with_hosts([HostRule::All])
    }

    /// The hosts of these rules and no other.
    ///
    /// # Errors
    /// A rule is none of the above.
    pub fn new(rules: impl IntoIterator<Item: AsRef<str>>) -> Result<Self, InvalidRule> {
        parse_all(rules, HostRule::parse).map(Self::with_hosts)
    }

    fn with_hosts(hosts: impl Into<Arc<[HostRule]>>) -> Self {
        Self { hosts: hosts.into(), topics: [TopicRule::Prefix("".into())].into() }
    }

    /// Allows the hosts of one more rule.
    ///
    /// # Errors
    /// The rule is none of the above.
    pub fn allow(self, rule: &str) -> Result<Self, InvalidRule> {
        let rule = parse_all([rule], HostRule::parse)?;
        Ok(Self { hosts: self.hosts.iter().cloned().chain(rule).collect(), ..self })
    }

    /// The topics, queues and exchanges that may get baggage: `orders`, or `orders.*` for all names that
    /// start so. Case matters. Defaults to all, as a broker is one's own.
    ///
    /// # Errors
    /// A rule is empty, or has a `*` that is not at its end.
    pub fn topics(self, rules: impl IntoIterator<Item: AsRef<str>>) -> Result<Self, InvalidRule> {
        Ok(Self { topics: parse_all(rules, TopicRule::parse)?.into(), ..self })
    }

    /// Whether a request to `host` may carry baggage. The host comes without a port.
    pub fn allows_host(&self, host: &str) -> bool {
        if self.hosts.iter().any(|rule| matches!(rule, HostRule::All)) {
            return true;
        }
        Host::parse(host).is_some_and(|host| self.hosts.iter().any(|rule| rule.allows(host)))
    }

    /// Whether a message to this topic, queue or exchange may carry baggage.
    pub fn allows_topic(&self, name: &str) -> bool {
        self.topics.iter().any(|rule| rule.allows(name))
    }

    /// The rules for hosts, as [`Destinations::new`] takes them.
    pub fn host_rules(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.hosts.iter().map(HostRule::show)
    }

    /// The rules for topics, as [`topics`](Self::topics) takes them.
    pub fn topic_rules(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.topics.iter().map(TopicRule::show)
    }
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum HostRule {
    All,
    Private,
    Name(Box<str>),
    Below(Box<str>),
    Range(IpNet),
}

impl HostRule {
    fn parse(rule: &str) -> Result<Self, &'static str> {
        let name = |text: &str| match Host::parse(text) {
            Some(Host::Name { name, .. }) => Some(name.to_ascii_lowercase().into()),
            _ => None,
        };
        if let Some(domain) = rule.strip_prefix("*.") {
            return name(domain).map(Self::Below).ok_or("expected a domain after `*.`");
        }
        match (rule, Host::parse(rule)) {
            ("*", _) => Ok(Self::All),
            ("private", _) => Ok(Self::Private),
            (_, Some(Host::Address(address))) => Ok(Self::Range(address.into())),
            (_, Some(Host::Name { .. })) => name(rule).map(Self::Name).ok_or(EXPECTED_HOST),
            (_, None) => match rule.split_once('/') {
                Some((address, _)) if address.parse::<IpAddr>().is_ok() => range(rule).map(Self::Range),
                _ => Err(EXPECTED_HOST),
            },
        }
    }

    fn allows(&self, host: Host<'_>) -> bool {
        match (self, host) {
            (Self::All, _) => true,
            (Self::Private, host) => host.is_private(),
            (Self::Name(known), Host::Name { name, .. }) => name.eq_ignore_ascii_case(known),
            (Self::Below(domain), Host::Name { name, .. }) => is_below(name, domain),
            (Self::Range(range), Host::Address(address)) => range.contains(&address),
            _ => false,
        }
    }

    fn show(&self) -> Cow<'_, str> {
        match self {
            Self::All => "*".into(),
            Self::Private => "private".into(),
            Self::Name(name) => (**name).into(),
            Self::Below(domain) => format!("*.{domain}").into(),
            Self::Range(range) => show_range(range).into(),
        }
    }
}

const EXPECTED_HOST: &str = "expected a host without a port, `*.` and a domain, or an address range";

#[derive(Clone, Debug, Eq, PartialEq)]
enum TopicRule {
    Name(Box<str>),
    Prefix(Box<str>),
}

impl TopicRule {
    fn parse(rule: &str) -> Result<Self, &'static str> {
        let (name, rule): (_, fn(_) -> _) = match rule.strip_suffix('*') {
            Some(prefix) => (prefix, Self::Prefix),
            None if rule.is_empty() => return Err("expected a name"),
            None => (rule, Self::Name),
        };
        match name.contains('*') {
            true => Err("`*` stands at the end only"),
            false => Ok(rule(name.into())),
        }
    }

    fn allows(&self, topic: &str) -> bool {
        match self {
            Self::Name(name) => topic == &**name,
            Self::Prefix(prefix) => topic.starts_with(&**prefix),
        }
    }

    fn show(&self) -> Cow<'_, str> {
        match self {
            Self::Name(name) => (**name).into(),
            Self::Prefix(prefix) => format!("{prefix}*").into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_hosts_are_allowed_by_default() {
        let hosts = "
            localhost LOCALHOST localhost. app.localhost
            127.0.0.1 127.255.0.1 127.0.0.1. 10.0.0.1 172.16.0.1 172.31.255.255 192.168.0.1 169.254.1.1
            ::1 [::1] fd12::1 [fc00::1] fe80::1 ::ffff:127.0.0.1 [::ffff:10.0.0.1]
            orders payment-svc my_service db1
            printer.local orders.shop.svc orders.shop.svc.cluster.local Orders.Shop.SVC.Cluster.Local.
            vm.region.internal nas.home.arpa";
        for host in hosts.split_whitespace() {
            assert!(Destinations::default().allows_host(host), "{host}");
        }
    }

    #[test]
    fn everybody_else_is_not() {
        let hosts = "
            example.com example.com. 8.8.8.8 2001:4860:4860::8888
            localhost.evil.example localhost.com notlocalhost.example evil-localhost.example
            local.evil.example internal.example.com evilinternal.example cluster.local.evil.example
            svc.evil.example home.arpa evilhome.arpa 1.0.0.127.in-addr.arpa
            2130706433 0x7f000001 0x7f.1 127.1 0177.0.0.1 127.0.0.01 017700000001
            172.15.255.255 172.32.0.0 192.169.0.0 11.0.0.0 126.255.255.255 128.0.0.0
            100.64.0.1 0.0.0.0 :: 255.255.255.255 169.253.0.1
            fec0::1 fb00::1 ::127.0.0.1 64:ff9b::10.0.0.1 2002:7f00:1:: ::ffff:8.8.8.8
            . .. .localhost localhost.. a..local
            ai. xn--p1ai XN--P1AI xn--mgbh0fb.example
            orders:8080 10.0.0.1:80 [::1]:80 user@localhost localhost/x local%68ost ｌocalhost
            router.lan orders.shop mail.corp";
        let odd = ["", " ", " localhost", "orders\n", "localhost\0", "localhost\0.evil.example"];
        for host in hosts.split_whitespace().chain(odd) {
            assert!(!Destinations::default().allows_host(host), "{host:?}");
        }
    }

    #[test]
    fn a_rule_allows_what_it_says() {
        for (rule, allowed, refused) in [
            ("Orders.Example.com", "orders.EXAMPLE.com.", "a.orders.example.com"),
            ("orders.example.com.", "orders.example.com", "orders.example.com.evil"),
            ("*.example.com", "a.b.example.com", "example.com"),
            ("*.Example.com.", "a.EXAMPLE.com", "evilexample.com"),
            ("203.0.113.0/24", "203.0.113.9", "203.0.114.1"),
            ("203.0.113.9", "203.0.113.9", "203.0.113.90"),
            ("10.0.0.0/8", "::ffff:10.0.0.1", "10.0.0.1.example"),
            ("2001:db8::/32", "[2001:db8::1]", "2001:db9::1"),
            ("[2001:db8::1]", "2001:db8::1", "2001:db8::2"),
            ("private", "localhost", "example.com"),
            ("*", "example.com", ""),
        ] {
            let destinations = Destinations::new([rule]).unwrap();
            assert!(destinations.allows_host(allowed), "{rule} {allowed}");
            assert!(rule == "*" || !destinations.allows_host(refused), "{rule} {refused}");
        }
    }

    #[test]
    fn the_same_rules_are_equal_however_they_are_written() {
        let written = Destinations::new(["Orders.", "*.Example.COM", "::ffff:10.0.0.0/104", "[::1]"]);
        assert_eq!(written, Destinations::new(["orders", "*.example.com", "10.0.0.0/8", "::1/128"]));
    }

    #[test]
    fn none_allows_nobody_and_all_everybody() {
        for host in ["localhost", "example.com", "10.0.0.1", "", "orders:80"] {
            assert!(!Destinations::none().allows_host(host), "{host}");
            assert!(Destinations::all().allows_host(host), "{host}");
        }
    }

    #[test]
    fn a_rule_is_added_to_what_is_allowed() {
        let destinations = Destinations::private().allow("*.partner.example").unwrap();
        assert!(destinations.allows_host("orders"));
        assert!(destinations.allows_host("api.partner.example"));
        assert!(!destinations.allows_host("partner.example"));
        assert_eq!(Destinations::new(["private", "*.partner.example"]), Ok(destinations));
    }

    #[test]
    fn a_wrong_rule_is_named() {
        let wrong = Destinations::new(["orders", "orders:80"]).unwrap_err();
        assert_eq!((wrong.position(), wrong.rule()), (1, "orders:80"));
        let rules = "
            . *. ** *a a.* *.*.a *.10.0.0.0 a* *.a:80 !a https://a a/b user@a [::1]:80 café
            10.0.0.0/33 10.1.0.0/8 2130706433 0x7f.1";
        for wrong in rules.split_whitespace().chain(["", " a"]) {
            assert!(Destinations::new([wrong]).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn all_topics_are_allowed_unless_they_are_named() {
        assert!(Destinations::none().allows_topic("anything"));
        let named = Destinations::default().topics(["payment_needed", "orders.*"]).unwrap();
        for (topic, is_allowed) in [
            ("payment_needed", true),
            ("payment_needed_2", false),
            ("Payment_needed", false),
            ("orders.created", true),
            ("orders.", true),
            ("orders", false),
            ("my_orders.created", false),
            ("", false),
        ] {
            assert_eq!(named.allows_topic(topic), is_allowed, "{topic}");
        }
        assert!(Destinations::default().topics(["*"]).unwrap().allows_topic(""));
        assert!(!Destinations::default().topics([""; 0]).unwrap().allows_topic("a"));
        for wrong in ["", "*a", "a*b", "**"] {
            assert!(Destinations::default().topics([wrong]).is_err(), "{wrong:?}");
        }
    }
}
