//! Canaries that look like the API keys of well-known vendors.
//!
//! The prefixes are taken apart here, so that nothing that scans sources for keys takes one for real.

use super::Made;
use super::source::{ALPHANUMERIC, BASE64_URL, CAPITALS_AND_DIGITS, DIGITS, HEX, Source};

/// Its core is what follows the vendor's prefix.
pub(super) fn api_key(source: &mut Source) -> Made {
    let ((first, second), body) = source.one_of(&VENDORS);
    let body: String = body
        .iter()
        .map(|part| match *part {
            Part::Random(alphabet, length) => source.text(alphabet, length),
            Part::Fixed(text) => text.to_owned(),
        })
        .collect();
    Made::within(format!("{first}{second}"), body, "")
}

#[derive(Clone, Copy)]
enum Part {
    Random(&'static str, usize),
    Fixed(&'static str),
}

use Part::{Fixed, Random};

const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The two halves of the prefix, and what follows it.
const VENDORS: [((&str, &str), &[Part]); 32] = [
    (("AK", "IA"), &[Random(BASE32, 16)]),        // AWS
    (("AS", "IA"), &[Random(BASE32, 16)]),        // AWS, for a session
    (("AI", "za"), &[Random(BASE64_URL, 35)]),    // Google
    (("GOC", "SPX-"), &[Random(BASE64_URL, 28)]), // Google, of an OAuth client
    (("gh", "p_"), &[Random(ALPHANUMERIC, 36)]),  // GitHub
    (("gh", "s_"), &[Random(ALPHANUMERIC, 36)]),  // GitHub
    (("github", "_pat_"), &[Random(ALPHANUMERIC, 22), Fixed("_"), Random(ALPHANUMERIC, 59)]), // GitHub
    (("gl", "pat-"), &[Random(BASE64_URL, 20)]),  // GitLab
    (("sk", "_live_"), &[Random(ALPHANUMERIC, 24)]), // Stripe
    (("rk", "_live_"), &[Random(ALPHANUMERIC, 99)]), // Stripe, restricted
    (("wh", "sec_"), &[Random(ALPHANUMERIC, 32)]), // Stripe, webhooks
    (
        ("xo", "xb-"),
        &[Random(DIGITS, 12), Fixed("-"), Random(DIGITS, 12), Fixed("-"), Random(ALPHANUMERIC, 24)],
    ), // Slack
    (("SG", "."), &[Random(BASE64_URL, 22), Fixed("."), Random(BASE64_URL, 43)]), // SendGrid
    (("SK", ""), &[Random(HEX, 32)]),             // Twilio
    (("sk", "-proj-"), &[Random(ALPHANUMERIC, 48)]), // OpenAI
    (("sk", "-ant-api03-"), &[Random(BASE64_URL, 93), Fixed("AA")]), // language models
    (("hf", "_"), &[Random(ALPHANUMERIC, 34)]),   // Hugging Face
    (("np", "m_"), &[Random(ALPHANUMERIC, 36)]),  // npm
    (("py", "pi-AgEIcHlwaS5vcmc"), &[Random(BASE64_URL, 80)]), // PyPI
    (("do", "p_v1_"), &[Random(HEX, 64)]),        // DigitalOcean
    (("sh", "pat_"), &[Random(HEX, 32)]),         // Shopify
    (("da", "pi"), &[Random(HEX, 32)]),           // Databricks
    (("NR", "AK-"), &[Random(CAPITALS_AND_DIGITS, 27)]), // New Relic
    (("gl", "sa_"), &[Random(ALPHANUMERIC, 32), Fixed("_"), Random(HEX, 8)]), // Grafana
    (("hv", "s."), &[Random(BASE64_URL, 90)]),    // Vault
    (("dckr", "_pat_"), &[Random(BASE64_URL, 27)]), // Docker
    (("sq0", "atp-"), &[Random(BASE64_URL, 22)]), // Square
    (("ATA", "TT3xFfGF0"), &[Random(BASE64_URL, 180)]), // Atlassian
    (("key", "-"), &[Random(HEX, 32)]),           // Mailgun
    (("rubygems", "_"), &[Random(HEX, 48)]),      // RubyGems
    (("LT", "AI"), &[Random(ALPHANUMERIC, 20)]),  // Alibaba Cloud
    (
        ("APP", "_USR-"), // Mercado Pago
        &[
            Random(DIGITS, 16),
            Fixed("-"),
            Random(DIGITS, 6),
            Fixed("-"),
            Random(HEX, 32),
            Fixed("-"),
            Random(DIGITS, 9),
        ],
    ),
];
