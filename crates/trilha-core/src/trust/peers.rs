//! The peers that are believed, by address: ranges, and nothing of names or certificates.
//!
//! A range is an address with a prefix length ([RFC 4632], [RFC 4291, section 2.3]).
//!
//! [RFC 4632]: https://www.rfc-editor.org/rfc/rfc4632#section-3.1
//! [RFC 4291, section 2.3]: https://www.rfc-editor.org/rfc/rfc4291#section-2.3

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr},
    str::FromStr,
    sync::Arc,
};

use ipnet::{IpNet, Ipv4Net};

use super::{InvalidRule, parse_all};

/// A set of address ranges. Clones share it. Defaults to nobody.
///
/// An IPv4 address within IPv6 (`::ffff:10.0.0.1`) counts as the IPv4 address that it holds.
///
/// ```
/// use trilha_core::trust::Peers;
///
/// let peers = Peers::new(["10.0.0.0/8", "fd00::/8", "::1"])?;
/// assert!(peers.contains("10.1.2.3".parse()?));
/// assert!(!peers.contains("192.0.2.1".parse()?));
/// assert_eq!(peers, "10.0.0.0/8, fd00::/8, ::1".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Peers(Arc<[IpNet]>);

impl Peers {
    /// Takes ranges (`10.0.0.0/8`) and single addresses (`::1`).
    ///
    /// # Errors
    /// A rule is no address range, or its address has bits beyond its prefix (`10.1.0.0/8`).
    pub fn new(rules: impl IntoIterator<Item: AsRef<str>>) -> Result<Self, InvalidRule> {
        parse_all(rules, range).map(|ranges| Self(ranges.into()))
    }

    /// Whether a peer with this address is believed.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|range| range.contains(&address))
    }

    /// Whether nobody is believed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The rules, as [`Peers::new`] takes them.
    pub fn rules(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(show_range)
    }
}

impl FromStr for Peers {
    type Err = InvalidRule;

    /// Reads a list that is separated by commas; an empty text is nobody.
    fn from_str(list: &str) -> Result<Self, Self::Err> {
        let rules = list.split(',').map(str::trim);
        Self::new(rules.filter(|_| !list.trim().is_empty()))
    }
}

impl fmt::Display for Peers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rules().collect::<Vec<_>>().join(","))
    }
}

/// Reads an address range; one of IPv4 within IPv6 becomes the range of IPv4 that it is.
pub(super) fn range(rule: &str) -> Result<IpNet, &'static str> {
    let range = match rule.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address),
        Err(_) => rule.parse().map_err(|_| "expected an address or a range such as 10.0.0.0/8 or ::1")?,
    };
    if range.addr() != range.network() {
        return Err("the address has bits beyond its prefix");
    }
    Ok(mapped(&range).map_or(range, IpNet::V4))
}

fn mapped(range: &IpNet) -> Option<Ipv4Net> {
    let IpNet::V6(range) = range else { return None };
    let address: Ipv4Addr = range.addr().to_ipv4_mapped()?;
    Ipv4Net::new(address, range.prefix_len().checked_sub(96)?).ok()
}

/// A range as it is written: a single address without its prefix length.
pub(super) fn show_range(range: &IpNet) -> String {
    match range.prefix_len() == range.max_prefix_len() {
        true => range.addr().to_string(),
        false => range.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_range_holds_its_addresses_and_no_other() {
        for (rule, inside, outside) in [
            ("10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
            ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
            ("::1", "::1", "::2"),
            ("fd00::/8", "fdff:ffff::1", "fe00::1"),
            ("0.0.0.0/0", "8.8.8.8", "::1"),
            ("::/0", "2001:db8::1", "8.8.8.8"),
        ] {
            let peers = Peers::new([rule]).unwrap();
            assert!(peers.contains(address(inside)), "{rule} {inside}");
            assert!(!peers.contains(address(outside)), "{rule} {outside}");
        }
    }

    #[test]
    fn ipv4_within_ipv6_counts_as_ipv4() {
        let peers = Peers::new(["10.0.0.0/8"]).unwrap();
        assert!(peers.contains(address("::ffff:10.0.0.1")));
        assert!(!peers.contains(address("::ffff:11.0.0.1")));
        // Compatible, translated and tunnelled addresses are other hosts.
        for other in ["::10.0.0.1", "64:ff9b::10.0.0.1", "2002:a00:1::1"] {
            assert!(!peers.contains(address(other)), "{other}");
        }
        assert_eq!(Peers::new(["::ffff:10.0.0.0/104"]).unwrap(), peers);
        assert_eq!(Peers::new(["::ffff:10.0.0.1"]), Peers::new(["10.0.0.1"]));
        // All of IPv6 with a shorter prefix stays a range of IPv6.
        assert!(!Peers::new(["::/64"]).unwrap().contains(address("::ffff:10.0.0.1")));
    }

    #[test]
    fn a_wrong_rule_is_named() {
        let wrong = Peers::new(["::1", "10.0.0.0/33"]).unwrap_err();
        assert_eq!((wrong.position(), wrong.rule()), (1, "10.0.0.0/33"));
        let expected = "rule 2 (`10.0.0.0/33`): expected an address or a range such as 10.0.0.0/8 or ::1";
        assert_eq!(wrong.to_string(), expected);
        let rules = "
            * localhost 10 10.0.0 10.0.0.0/ 10.0.0.0/-1 10.0.0.0/8/8 10.0.0.0/255.0.0.0 ::/129
            10.1.0.0/8 ::1/64 010.0.0.1 0x0a.0.0.1 [::1] fe80::1%eth0 10.0.0.1:80";
        for wrong in rules.split_whitespace().chain(["", " "]) {
            assert!(Peers::new([wrong]).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_list_is_separated_by_commas() {
        let peers: Peers = "10.0.0.0/8, ::1".parse().unwrap();
        assert_eq!(peers.to_string(), "10.0.0.0/8,::1");
        assert!("".parse::<Peers>().unwrap().is_empty());
        assert_eq!("10.0.0.0/8,".parse::<Peers>().unwrap_err().position(), 1);
    }
}
