//! Values that the guard scans, one after the other: by the guard, and by a set of regular expressions of the same
//! detectors. All values are clean, so that each one is read to its end.

/// Ordinary values of 40 bytes.
pub(crate) const CLEAN: [&str; 8] = [
    "GET /api/v1/orders/{order_id}/items/{id}",
    "orders.checkout.svc.cluster.internal.dev",
    "payment declined by the acquirer network",
    "select id, total from orders where id=$1",
    "https://shop.example.com/orders/42/items",
    "checkout.OrderService/ListPendingOrders.",
    "application/json; charset=utf-8; level=2",
    "the stock of item 42 was reserved in 3ms",
];

/// Values with many digits, or long words.
pub(crate) const AWKWARD: [&str; 12] = [
    "550e8400-e29b-41d4-a716-446655440000",
    "9b2d6a3e-7c41-4f0e-8d5a-1e6f0b7c2d93",
    "4bf92f3577b34da6a3ce929d0e0e4736",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "3f786850e387550fdab836ed7e6dc881de23001b",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "checkout-7d9f8b6c5d-x2x4q",
    "payments-worker-5c6b9f7d44-zz8kp",
    "2026-07-01T12:34:56.789Z",
    "2026-07-01 12:34:56 +0300",
    "ORD-2024-001234",
    "não foi possível concluir a transação 42",
];

/// A text of so many bytes that is hostile to a scanner: what each detector stops at, again and again.
pub(crate) fn hostile(bytes: usize) -> String {
    const PIECES: &str = "%25%4 \\\\\"{\"a\":[ user@ eyJ. 1234 5678 1: ::a: =& bearer - (+";
    PIECES.chars().cycle().take(bytes).collect()
}

/// A span's own words about an order: seven attributes of user code, all text.
pub(crate) const ATTRIBUTES: [(&str, &str); 7] = [
    ("order.id", "order-00000042"),
    ("product", "coffee, ground, 500 g"),
    ("currency", "BRL"),
    ("channel", "mobile-app"),
    ("warehouse", "sao-paulo-03"),
    ("carrier.service", "next business day"),
    ("state", "accepted"),
];

/// The loops alone.
pub(crate) mod bare {
    use std::hint::black_box;

    pub(crate) fn scan(values: Vec<String>) -> impl FnMut() {
        move || values.iter().for_each(|value| _ = black_box(value.as_str()))
    }

    pub(crate) fn attributes() -> impl FnMut() {
        || super::ATTRIBUTES.iter().for_each(|attribute| _ = black_box(attribute))
    }
}

/// Ours, by its door.
pub(crate) mod ours {
    use std::hint::black_box;

    use trilha_core::guard::{PiiGuard, Place, Rules};

    pub(crate) fn scan(values: Vec<String>) -> impl FnMut() {
        let guard = PiiGuard::default();
        move || {
            for value in &values {
                let _ = black_box(guard.judge(Place::SpanName, "", black_box(value)));
            }
        }
    }

    /// However long it is.
    pub(crate) fn scan_all(value: String) -> crate::Result<impl FnMut()> {
        let guard = PiiGuard::builder().rules(Rules::new().value_bytes(usize::MAX)).build()?;
        Ok(move || _ = black_box(guard.judge(Place::SpanName, "", black_box(&value))))
    }

    pub(crate) fn attributes() -> impl FnMut() {
        let guard = PiiGuard::default();
        move || {
            for (key, value) in black_box(super::ATTRIBUTES) {
                let _ = black_box(guard.judge(Place::SpanAttribute, key, value));
            }
        }
    }
}

/// Regular expressions: what one would write by hand, with no check of digits.
pub(crate) mod regexes {
    use std::hint::black_box;

    use regex::bytes::RegexSet;

    pub(crate) fn scan(values: Vec<String>) -> impl FnMut() {
        let set = set();
        move || {
            for value in &values {
                let _ = black_box(set.as_ref().map(|set| set.is_match(black_box(value.as_bytes()))));
            }
        }
    }

    /// One for each detector, or for each of its forms. They match in none of the values.
    fn set() -> Result<RegexSet, regex::Error> {
        let patterns = [
            // E-mail.
            r"(?-u)[A-Za-z0-9._%+'-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}",
            // Card.
            r"(?-u)\b[2-6][0-9]{3}(?:[ .-]?[0-9]{4}){2}[ .-]?[0-9]{1,4}\b",
            r"(?-u)\b3[47][0-9]{2}[ .-]?[0-9]{6}[ .-]?[0-9]{5}\b",
            // IBAN.
            r"(?-u)\b[A-Za-z]{2}[0-9]{2}(?:[ -]?[A-Za-z0-9]{4}){2,7}[ -]?[A-Za-z0-9]{1,4}\b",
            // CPF, CNPJ, SSN.
            r"(?-u)\b[0-9]{3}\.?[0-9]{3}\.?[0-9]{3}[-/]?[0-9]{2}\b",
            r"(?-u)\b[0-9A-Z]{2}\.[0-9A-Z]{3}\.[0-9A-Z]{3}/[0-9A-Z]{4}-?[0-9]{2}\b|\b[0-9A-Z]{12}[0-9]{2}\b",
            r"(?-u)\b[0-9]{3}[ -][0-9]{2}[ -][0-9]{4}\b",
            // Telephone.
            r"(?-u)\+[1-9][0-9]{0,2}[ .-]?(?:\([0-9]{1,4}\)|[0-9]{1,4})(?:[ .-]?[0-9]{2,5}){2,4}",
            r"(?-u)\([1-9]{2}\) ?9?[0-9]{4}[ -]?[0-9]{4}\b|\b[1-9]{2}[ -]?9[0-9]{4}[ -]?[0-9]{4}\b",
            // IP address.
            r"(?-u)\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b",
            r"(?-u)\b(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}\b|(?:[0-9A-Fa-f]{1,4}:){1,6}(?::[0-9A-Fa-f]{1,4}){1,6}",
            // JWT, credentials, private key.
            r"(?-u)\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",
            r"(?-u)(?i:bearer|basic|token|apikey|negotiate|ntlm|digest)[ ]+[A-Za-z0-9._~+/=-]{16,}",
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
            // URL: user information and parameters.
            r"(?-u)[A-Za-z][A-Za-z0-9+.-]*://[^/@ ]+@",
            r"(?-u)[?&;](?i:token|access_token|id_token|code|sig|signature|api_?key|secret|password|x-amz-signature)=[^& ]+",
            // Connection string, and pairs.
            r"(?-u)(?i:password|pwd|accountkey|sharedaccesskey) *= *[^; ]+",
            r#"(?-u)(?i:passw(?:or)?d|senha|secret|token|authorization|cookie|session|api[_-]?key|cpf|cnpj|ssn|email|phone)["']? *[:=] *["']?[^ "',;]+"#,
            // API keys.
            r"(?-u)\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[A-Za-z0-9_-]{35}|\bgh[pousr]_[A-Za-z0-9]{36}|\bgithub_pat_[A-Za-z0-9_]{22,}",
            r"(?-u)\b(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{10,}|\bwhsec_[A-Za-z0-9]{10,}|\bxox[abeoprs]-[A-Za-z0-9-]{10,}|\bglpat-[A-Za-z0-9_-]{20,}",
            r"(?-u)\bsk-[A-Za-z0-9_-]{20,}|\bhf_[A-Za-z0-9]{30,}|\bnpm_[A-Za-z0-9]{36}|\bpypi-[A-Za-z0-9_-]{50,}|\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",
            r"(?-u)\bAPP_USR-[A-Za-z0-9-]{30,}|\bdop_v1_[a-f0-9]{64}|\bhvs\.[A-Za-z0-9_-]{24,}|\bNRAK-[A-Z0-9]{27}|\bgl(?:sa|c)_[A-Za-z0-9_]{30,}",
        ];
        RegexSet::new(patterns)
    }
}
