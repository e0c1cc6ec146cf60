//! Canaries that look like secrets: tokens, credentials, private keys, and what URLs and connection strings hold.

use ::base64::Engine;
use ::base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::Made;
use super::source::{BASE64, BASE64_URL, HEX, Source, grouped};

/// Its core are the claims: they may be personal, and the signature alone is of no use.
pub(super) fn jwt(source: &mut Source) -> Made {
    let algorithm = source.one_of(&["HS256", "RS256", "ES256"]);
    let header = format!(r#"{{"alg":"{algorithm}","typ":"JWT"}}"#);
    let issued = source.number(1_700_000_000..1_800_000_000);
    let claims = format!(r#"{{"sub":"{}","iat":{issued}}}"#, source.secret(16));
    let signature = source.text(BASE64_URL, 43);
    let encode = |text: String| URL_SAFE_NO_PAD.encode(text);
    Made::within(encode(header) + ".", encode(claims), format!(".{signature}"))
}

pub(super) fn credentials(source: &mut Source) -> Made {
    let length = source.number(24..48) as usize;
    match source.number(0..6) {
        0 => {
            let pair = format!("app:{}", source.secret(16));
            Made::within(source.one_of(&["Basic ", "basic "]), STANDARD.encode(pair), "")
        }
        1 => Made::within("Token ", source.secret(length), ""),
        2 => Made::within("bearer ", source.text(HEX, length), ""),
        3 => Made::within("Authorization: Bearer ", source.secret(length), ""),
        _ => Made::within("Bearer ", source.secret(length), ""),
    }
}

/// Its core is one line of the key.
pub(super) fn private_key(source: &mut Source) -> Made {
    let label = source.one_of(&["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "]);
    let lines = source.number(1..6) as usize;
    let key = source.text(BASE64, lines * 64 - 4);
    let lines = grouped(&key, 64, "\n");
    let at = source.number(0..lines.len() as u64) as usize;
    let start = lines.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
    let (before, rest) = lines.split_at(start);
    let (core, after) = rest.split_at(rest.find('\n').unwrap_or(rest.len()));
    let edge = |word: &str| format!("-----{word} {label}PRIVATE {}-----", "KEY");
    Made::within(edge("BEGIN") + "\n" + before, core, format!("{after}\n{}", edge("END")))
}

/// Its core is the password or the secret parameter.
pub(super) fn url(source: &mut Source) -> Made {
    let length = source.number(14..32) as usize;
    let secret = source.secret(length);
    match source.number(0..8) {
        0 => Made::within("https://ana:", secret, "@example.com/path?page=2"),
        1 => Made::within("postgres://app:", secret, "@db.example.com:5432/shop?sslmode=require"),
        2 => Made::within("amqp://guest:", secret, "@broker:5672/%2f"),
        3 => Made::within("redis://:", secret, "@cache:6379/0"),
        4 => Made::within("https://example.com/callback?state=1&code=", secret, ""),
        5 => Made::within("https://example.com/files/1.pdf?sig=", secret, "&se=2030-01-01"),
        6 => Made::within("https://example.com/app#access_token=", secret, "&token_type=bearer"),
        _ => {
            let (before, after) =
                ("https://bucket.example.com/a?X-Amz-Expires=60&X-Amz-Signature=", "&x-id=GetObject");
            Made::within(before, source.text(HEX, 64), after)
        }
    }
}

/// Its core is the password or the key.
pub(super) fn connection_string(source: &mut Source) -> Made {
    let length = source.number(14..32) as usize;
    let secret = source.secret(length);
    match source.number(0..6) {
        0 => Made::within(
            "Server=tcp:db.example.com,1433;Database=shop;User ID=app;Password=",
            secret,
            ";Encrypt=True;",
        ),
        1 => Made::within("Driver={PostgreSQL};Server=db;Uid=app;Pwd=", secret, ";"),
        2 => Made::within("host=db.example.com user=app password=", secret, " dbname=shop"),
        3 => {
            let secret = format!("{secret} {}", source.secret(6));
            Made::within("host=db user=app password='", secret, "' dbname=shop")
        }
        4 => Made::within(
            "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=",
            source.text(BASE64, 86) + "==",
            ";EndpointSuffix=core.example.net",
        ),
        _ => Made::within(
            "Endpoint=sb://shop.example.net/;SharedAccessKeyName=send;SharedAccessKey=",
            source.text(BASE64, 43) + "=",
            "",
        ),
    }
}
