//! The shapes of the keys, by prefix.
//!
//! Lengths are those that the vendor tells or that its own scanner uses, or somewhat less where they grew over time.
//! Keys that are meant to be public, as `pk_live_`, are none.

/// What a key looks like.
#[derive(Debug)]
pub(in crate::guard) struct Shape {
    /// How it begins, in this case.
    pub(in crate::guard) prefix: &'static [u8],
    /// Of what the rest is.
    pub(super) alphabet: Alphabet,
    /// The least length of the rest.
    pub(super) least: usize,
    /// The greatest length of the rest.
    pub(super) most: usize,
}

/// Of what the part after a prefix is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::guard) enum Alphabet {
    /// Letters and digits.
    Alnum,
    /// Base64, in the standard alphabet.
    Base64,
    /// Base64, in either alphabet, and the marks that join several parts.
    Base64Url,
    /// Letters, digits and `$`.
    Dollar,
    /// Letters, digits, `-`, `_` and `.`.
    Dotted,
    /// Hexadecimal digits in lower case.
    Hex,
    /// The part of a URL's path.
    Path,
    /// What percent-encoding leaves of base64.
    Percent,
    /// Capital letters and digits: a short key may be all letters.
    Upper,
    /// The digits and dashes of a UUID.
    Uuid,
    /// Letters, digits, `-` and `_`.
    Word,
}

impl Alphabet {
    /// How many bytes at the beginning of the text are of this alphabet.
    pub(super) fn run(self, text: &[u8]) -> usize {
        let length = text.iter().take_while(|byte| self.has(**byte)).count();
        match text.get(..length) {
            Some([.., b'.' | b':']) => length - 1, // punctuation of the sentence
            _ => length,
        }
    }

    fn has(self, byte: u8) -> bool {
        match self {
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::Hex => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            Self::Uuid => matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'),
            _ if byte.is_ascii_alphanumeric() => true,
            Self::Alnum => false,
            Self::Base64 => matches!(byte, b'+' | b'/' | b'='),
            Self::Base64Url => matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_' | b'.' | b':'),
            Self::Dollar => byte == b'$',
            Self::Dotted => matches!(byte, b'-' | b'_' | b'.'),
            Self::Path => matches!(byte, b'-' | b'_' | b'/'),
            Self::Percent => matches!(byte, b'-' | b'_' | b'%' | b'+' | b'/'),
            Self::Word => matches!(byte, b'-' | b'_'),
        }
    }
}

/// Longer than any key.
const MANY: usize = usize::MAX;

const fn shape(prefix: &'static str, alphabet: Alphabet, least: usize, most: usize) -> Shape {
    Shape { prefix: prefix.as_bytes(), alphabet, least, most }
}

use Alphabet::{Alnum, Base64, Base64Url, Dollar, Dotted, Hex, Path, Percent, Upper, Uuid, Word};

/// All shapes, sorted by prefix.
#[rustfmt::skip] // one line for each, with its vendor at the end
pub(in crate::guard) static SHAPES: [Shape; 224] = [
    shape("1//0", Word, 40, MANY), // Google: refresh token
    shape("A21AA", Word, 40, MANY), // PayPal
    shape("ABIA", Upper, 16, 16), // AWS: bearer token id
    shape("ABSK", Base64, 60, MANY), // AWS Bedrock
    shape("ACCA", Upper, 16, 16), // AWS: context id
    shape("AIza", Word, 35, 35), // Google
    shape("AKCp", Alnum, 60, MANY), // JFrog
    shape("AKIA", Upper, 16, 16), // AWS: access key id
    shape("AKID", Alnum, 13, 40), // Tencent
    shape("APP_USR-", Word, 30, MANY), // Mercado Pago
    shape("AQE", Base64Url, 60, MANY), // Adyen
    shape("AQVN", Word, 30, MANY), // Yandex
    shape("ASIA", Upper, 16, 16), // AWS: temporary access key id
    shape("ATATT3", Base64Url, 40, MANY), // Atlassian
    shape("ATBB", Alnum, 24, MANY), // Bitbucket
    shape("ATCTT3", Base64Url, 40, MANY), // Atlassian
    shape("ATOA", Alnum, 24, MANY), // Atlassian
    shape("BBDC-", Base64, 30, MANY), // Bitbucket Data Center
    shape("CCIPAT_", Word, 40, MANY), // CircleCI
    shape("CCIPRJ_", Word, 40, MANY), // CircleCI
    shape("CFPAT-", Word, 40, MANY), // Contentful
    shape("CLOJARS_", Alnum, 50, MANY), // Clojars
    shape("EAA", Alnum, 60, MANY), // Facebook
    shape("EAAA", Word, 40, MANY), // Square
    shape("EZAK", Alnum, 54, 54), // EasyPost
    shape("EZTK", Alnum, 54, 54), // EasyPost
    shape("FLWSECK-", Word, 20, MANY), // Flutterwave
    shape("FLWSECK_TEST-", Word, 20, MANY), // Flutterwave
    shape("FwoGZXIvYXdz", Base64, 60, MANY), // AWS: session token
    shape("GOCSPX-", Word, 24, MANY), // Google: client secret
    shape("GOOG", Alnum, 20, 61), // Google: HMAC key
    shape("HRKU-", Word, 30, MANY), // Heroku
    shape("IQoJb3JpZ2lu", Base64, 60, MANY), // AWS: session token
    shape("LTAI", Alnum, 12, 24), // Alibaba
    shape("NRAA-", Alnum, 20, MANY), // New Relic
    shape("NRAK-", Alnum, 20, MANY), // New Relic
    shape("NRII-", Word, 20, MANY), // New Relic
    shape("NRIQ-", Word, 20, MANY), // New Relic
    shape("NRJS-", Alnum, 16, MANY), // New Relic
    shape("NRRA-", Alnum, 20, MANY), // New Relic
    shape("NRSP-", Alnum, 20, MANY), // New Relic
    shape("PMAK-", Word, 50, MANY), // Postman
    shape("PMAT-", Alnum, 20, MANY), // Postman
    shape("SCW", Upper, 17, 17), // Scaleway
    shape("SG.", Dotted, 40, MANY), // SendGrid
    shape("SK", Hex, 32, 32), // Twilio
    shape("STS.", Alnum, 20, MANY), // Alibaba
    shape("TEST-", Word, 40, MANY), // Mercado Pago
    shape("aach_", Base64Url, 20, MANY), // Asaas
    shape("aact_", Base64Url, 20, MANY), // Asaas
    shape("access-development-", Word, 30, MANY), // Plaid
    shape("access-production-", Word, 30, MANY), // Plaid
    shape("access-sandbox-", Word, 30, MANY), // Plaid
    shape("access_token$", Dollar, 30, MANY), // Braintree
    shape("ak_live_", Alnum, 16, MANY), // Pagar.me
    shape("ak_test_", Alnum, 16, MANY), // Pagar.me
    shape("amzn.mws.", Word, 30, MANY), // Amazon MWS
    shape("api_org_", Alnum, 30, MANY), // Hugging Face
    shape("bedrock-api-key-", Base64, 40, MANY), // AWS Bedrock
    shape("bkua_", Alnum, 40, MANY), // Buildkite
    shape("cfat_", Word, 30, MANY), // Cloudflare
    shape("cfk_", Word, 30, MANY), // Cloudflare
    shape("cfut_", Word, 30, MANY), // Cloudflare
    shape("cio", Alnum, 32, 32), // crates.io
    shape("cmVmdGtu", Alnum, 50, MANY), // JFrog
    shape("csk-", Alnum, 30, MANY), // Cerebras
    shape("dapi", Hex, 32, 34), // Databricks
    shape("dbtc_", Base64Url, 30, MANY), // dbt
    shape("dbtu_", Base64Url, 30, MANY), // dbt
    shape("dckr_oat_", Word, 20, MANY), // Docker
    shape("dckr_pat_", Word, 20, MANY), // Docker
    shape("doo_v1_", Hex, 40, MANY), // DigitalOcean
    shape("dop_v1_", Hex, 40, MANY), // DigitalOcean
    shape("dor_v1_", Hex, 40, MANY), // DigitalOcean
    shape("dose", Hex, 32, 34), // Databricks
    shape("dp.audit.", Alnum, 40, MANY), // Doppler
    shape("dp.ct.", Alnum, 40, MANY), // Doppler
    shape("dp.pt.", Alnum, 40, MANY), // Doppler
    shape("dp.sa.", Alnum, 40, MANY), // Doppler
    shape("dp.scim.", Alnum, 40, MANY), // Doppler
    shape("dp.st.", Dotted, 40, MANY), // Doppler
    shape("dt0c01.", Dotted, 40, MANY), // Dynatrace
    shape("dt0s01.", Dotted, 40, MANY), // Dynatrace
    shape("ek_live_", Alnum, 16, MANY), // Stripe, Pagar.me
    shape("ek_test_", Alnum, 16, MANY), // Stripe, Pagar.me
    shape("essu_", Base64Url, 30, MANY), // Elastic
    shape("figd_", Word, 30, MANY), // Figma
    shape("figo_", Word, 30, MANY), // Figma
    shape("figu_", Word, 30, MANY), // Figma
    shape("fio-u-", Word, 60, MANY), // Frame.io
    shape("fm1a_", Base64, 60, MANY), // Fly.io
    shape("fm1r_", Base64, 60, MANY), // Fly.io
    shape("fm2_", Base64, 60, MANY), // Fly.io
    shape("fo1_", Word, 40, MANY), // Fly.io
    shape("fw_", Alnum, 20, MANY), // Fireworks
    shape("gho_", Alnum, 30, MANY), // GitHub
    shape("ghp_", Alnum, 30, MANY), // GitHub
    shape("ghr_", Alnum, 30, MANY), // GitHub
    shape("ghs_", Alnum, 30, MANY), // GitHub
    shape("ghu_", Alnum, 30, MANY), // GitHub
    shape("github_pat_", Word, 40, MANY), // GitHub
    shape("glagent-", Dotted, 20, MANY), // GitLab
    shape("glc_", Base64, 30, MANY), // Grafana Cloud
    shape("glcbt-", Dotted, 20, MANY), // GitLab
    shape("gldt-", Dotted, 20, MANY), // GitLab
    shape("glffct-", Dotted, 20, MANY), // GitLab
    shape("glft-", Dotted, 20, MANY), // GitLab
    shape("glimt-", Dotted, 20, MANY), // GitLab
    shape("gloas-", Dotted, 20, MANY), // GitLab
    shape("glpat-", Dotted, 20, MANY), // GitLab
    shape("glptt-", Dotted, 20, MANY), // GitLab
    shape("glrt-", Dotted, 20, MANY), // GitLab
    shape("glsa_", Word, 30, MANY), // Grafana
    shape("glsoat-", Dotted, 20, MANY), // GitLab
    shape("gsk_", Alnum, 30, MANY), // Groq
    shape("hcaik_", Alnum, 40, MANY), // Honeycomb
    shape("hcbik_", Alnum, 40, MANY), // Honeycomb
    shape("hcxik_", Alnum, 40, MANY), // Honeycomb
    shape("hf_", Alnum, 30, MANY), // Hugging Face
    shape("hooks.slack.com/triggers/", Path, 20, MANY), // Slack
    shape("hvb.", Word, 20, MANY), // Vault
    shape("hvr.", Word, 20, MANY), // Vault
    shape("hvs.", Word, 20, MANY), // Vault
    shape("ico-", Alnum, 32, 32), // Infracost
    shape("key-", Alnum, 32, 32), // Mailgun
    shape("lin_api_", Alnum, 30, MANY), // Linear
    shape("lin_oauth_", Alnum, 30, MANY), // Linear
    shape("lsv2_pt_", Word, 30, MANY), // LangSmith
    shape("lsv2_sk_", Word, 30, MANY), // LangSmith
    shape("md-", Word, 22, 22), // Mandrill
    shape("mdb_sa_sk_", Word, 30, MANY), // MongoDB Atlas
    shape("mob-", Uuid, 36, 36), // LaunchDarkly
    shape("napi_", Alnum, 40, MANY), // Neon
    shape("nfp_", Alnum, 30, MANY), // Netlify
    shape("npm_", Alnum, 30, MANY), // npm
    shape("ntn_", Alnum, 40, MANY), // Notion
    shape("nvapi-", Word, 40, MANY), // NVIDIA
    shape("ops_eyJ", Base64, 100, MANY), // 1Password
    shape("oy2", Alnum, 43, 43), // NuGet
    shape("pat", Dotted, 79, 79), // Airtable
    shape("pat-eu1-", Word, 30, MANY), // HubSpot
    shape("pat-na1-", Word, 30, MANY), // HubSpot
    shape("pcsk_", Word, 30, MANY), // Pinecone
    shape("phx_", Word, 30, MANY), // PostHog
    shape("pnu_", Alnum, 30, MANY), // Prefect
    shape("pplx-", Alnum, 30, MANY), // Perplexity
    shape("pscale_oauth_", Dotted, 30, MANY), // PlanetScale
    shape("pscale_pw_", Dotted, 30, MANY), // PlanetScale
    shape("pscale_tkn_", Dotted, 30, MANY), // PlanetScale
    shape("pul-", Hex, 40, MANY), // Pulumi
    shape("pypi-", Word, 50, MANY), // PyPI
    shape("r8_", Alnum, 30, MANY), // Replicate
    shape("rdme_", Alnum, 60, MANY), // ReadMe
    shape("re_", Word, 28, 40), // Resend
    shape("rk_live_", Alnum, 16, MANY), // Stripe
    shape("rk_test_", Alnum, 16, MANY), // Stripe
    shape("rnd_", Alnum, 24, MANY), // Render
    shape("rubygems_", Hex, 40, MANY), // RubyGems
    shape("rzp_live_", Alnum, 14, MANY), // Razorpay
    shape("rzp_test_", Alnum, 14, MANY), // Razorpay
    shape("sb_secret_", Word, 20, MANY), // Supabase
    shape("sbp_", Word, 40, MANY), // Supabase
    shape("sdk-", Uuid, 36, 36), // LaunchDarkly
    shape("secret_", Alnum, 43, 43), // Notion
    shape("sgp_", Word, 40, MANY), // Sourcegraph
    shape("shippo_live_", Hex, 40, MANY), // Shippo
    shape("shippo_test_", Hex, 40, MANY), // Shippo
    shape("shpat_", Alnum, 30, MANY), // Shopify
    shape("shpca_", Alnum, 30, MANY), // Shopify
    shape("shppa_", Alnum, 30, MANY), // Shopify
    shape("shpss_", Alnum, 30, MANY), // Shopify
    shape("shpua_", Alnum, 30, MANY), // Shopify
    shape("sk-", Alnum, 20, MANY), // OpenAI, and others after it
    shape("sk-None-", Word, 20, MANY), // OpenAI
    shape("sk-admin-", Word, 20, MANY), // OpenAI
    shape("sk-ant-", Word, 20, MANY), // a vendor of language models
    shape("sk-lf-", Word, 30, MANY), // Langfuse
    shape("sk-or-v1-", Word, 20, MANY), // OpenRouter
    shape("sk-proj-", Word, 20, MANY), // OpenAI
    shape("sk-svcacct-", Word, 20, MANY), // OpenAI
    shape("sk.eyJ", Dotted, 40, MANY), // Mapbox
    shape("sk_live_", Alnum, 16, MANY), // Stripe, Pagar.me, Paystack
    shape("sk_org_", Word, 16, MANY), // Stripe
    shape("sk_test_", Alnum, 16, MANY), // Stripe, Pagar.me, Paystack
    shape("sl.", Word, 100, MANY), // Dropbox
    shape("sntrys_", Base64Url, 40, MANY), // Sentry
    shape("sntryu_", Hex, 40, MANY), // Sentry
    shape("sq0atp-", Word, 20, MANY), // Square
    shape("sq0csp-", Word, 20, MANY), // Square
    shape("sq0idp-", Word, 20, MANY), // Square
    shape("sqa_", Hex, 40, MANY), // SonarQube
    shape("sqp_", Hex, 40, MANY), // SonarQube
    shape("squ_", Hex, 40, MANY), // SonarQube
    shape("t1.", Dotted, 80, MANY), // Yandex
    shape("tfp_", Word, 40, MANY), // Typeform
    shape("tgp_v1_", Word, 30, MANY), // Together
    shape("tskey-", Word, 20, MANY), // Tailscale
    shape("tvly-", Word, 20, MANY), // Tavily
    shape("v1.0-", Word, 60, MANY), // Cloudflare: origin CA key
    shape("v2.local.", Dotted, 40, MANY), // PASETO
    shape("v2.public.", Dotted, 40, MANY), // PASETO
    shape("v3.local.", Dotted, 40, MANY), // PASETO
    shape("v3.public.", Dotted, 40, MANY), // PASETO
    shape("v4.local.", Dotted, 40, MANY), // PASETO
    shape("v4.public.", Dotted, 40, MANY), // PASETO
    shape("vk1.a.", Word, 60, MANY), // VK
    shape("whsec_", Base64, 24, MANY), // Stripe
    shape("xai-", Alnum, 40, MANY), // xAI
    shape("xapp-", Word, 20, MANY), // Slack
    shape("xkeysib-", Word, 60, MANY), // Brevo
    shape("xoxa-", Word, 10, MANY), // Slack
    shape("xoxb-", Word, 10, MANY), // Slack
    shape("xoxc-", Word, 10, MANY), // Slack
    shape("xoxd-", Percent, 10, MANY), // Slack
    shape("xoxe-", Word, 10, MANY), // Slack
    shape("xoxe.", Dotted, 20, MANY), // Slack
    shape("xoxo-", Word, 10, MANY), // Slack
    shape("xoxp-", Word, 10, MANY), // Slack
    shape("xoxr-", Word, 10, MANY), // Slack
    shape("xoxs-", Word, 10, MANY), // Slack
    shape("xsmtpsib-", Word, 60, MANY), // Brevo
    shape("xwfp-", Word, 20, MANY), // Slack
    shape("y0_", Word, 50, MANY), // Yandex
    shape("ya29.", Dotted, 20, MANY), // Google: access token
];
