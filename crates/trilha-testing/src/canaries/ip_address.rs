//! Canaries that look like addresses of hosts.

use std::net::Ipv6Addr;

use super::Made;
use super::source::Source;

/// Long ones only: `10.0.0.1` is a part of too many others to be hunted.
pub(super) fn ip_address(source: &mut Source) -> Made {
    let mut octets = [0; 4].map(|_: u8| source.number(100..255));
    if let [first @ 127, ..] = &mut octets {
        *first = 203;
    }
    let v4 = octets.map(|octet| octet.to_string()).join(".");
    let mut group = || source.number(0x1000..0x1_0000) as u16;
    let (a, b, c, d, e, f) = (group(), group(), group(), group(), group(), group());
    let whole = Ipv6Addr::new(0x2001, 0xdb8, a, b, c, d, e, f);
    Made::whole(match source.number(0..8) {
        0 => whole.to_string(),
        1 => whole.to_string().to_uppercase(),
        2 => format!("2001:0db8:0000:0000:{a:04x}:{b:04x}:{c:04x}:{d:04x}"),
        3 => format!("2001:db8::{a:x}:{b:x}:{c:x}"),
        4 => format!("fe80::{a:x}:{b:x}:{c:x}:{d:x}%eth0"),
        5 => format!("::ffff:{v4}"),
        _ => v4,
    })
}
