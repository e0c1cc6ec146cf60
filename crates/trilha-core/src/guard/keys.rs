//! Which keys name a secret, or personal data, so that their value is hidden whatever it looks like.
//!
//! A key is read word by word: `user.cpf`, `x-api-key`, `clientSecret` and `DB_PASSWORD` are as good as the plain
//! words. A key that tells something *about* a secret, as `token_count` or `session.duration` does, names none.

/// Whether the key names a secret or personal data.
pub(super) fn names_secret(key: &[u8]) -> bool {
    let mut words = Words { rest: key };
    let mut before: &[u8] = &[];
    let mut is_secret = false;
    let mut is_first = true;
    let mut next = words.next();
    while let Some(word) = next {
        let after = words.next();
        // Most words say nothing, whatever stands beside them.
        let roles = roles(word);
        if roles != 0 {
            let may = |role: u8| roles & role != 0;
            if is_secret && may(SAYS_ABOUT) && after.is_none() && is_in(SAY_ABOUT, word)
                || is_first && may(ASKS) && after.is_some() && is_in(ASK, word)
            {
                return false;
            }
            is_secret = is_secret
                || may(NAMES) && names_always(word)
                || may(NAMES_BEHIND) && names_with(before, word)
                || may(NAMES_AT_END) && names_at_the_end(before, word, after);
        }
        (before, next, is_first) = (word, after, false);
    }
    is_secret
}

fn names_always(word: &[u8]) -> bool {
    is_in(ALWAYS, word) || !is(b"token", word) && ENDINGS.iter().any(|ending| ends_with(word, ending))
}

fn names_with(before: &[u8], word: &[u8]) -> bool {
    TOGETHER.iter().any(|(second, firsts)| is(second, word) && is_in(firsts, before))
}

fn names_at_the_end(before: &[u8], word: &[u8], after: Option<&[u8]>) -> bool {
    let names = match word {
        _ if is(b"mobile", word) => before.is_empty(),
        _ if is(b"token", word) => !is_in(TOKENS_OF_TEXT, before),
        _ if is(b"rg", word) => after.is_none() && (before.is_empty() || is_in(NUMBERS, before)),
        _ => is_in(AT_THE_END, word),
    };
    names && after.is_none_or(|after| is_in(OF_VALUE, after))
}

/// Words that name a secret or personal data wherever they stand in the key.
#[rustfmt::skip] // words that belong together stay together
const ALWAYS: &[&[u8]] = &[
    b"authorization", b"authentification", b"credential", b"credentials", b"creds", b"cookies",
    b"secrets", b"segredo", b"segredos", b"senhas", b"passwords", b"passcode", b"passwort",
    b"kennwort", b"contrasena", b"contrase\xc3\xb1a", b"jwt", b"otp", b"totp", b"cvv", b"cvc",
    b"privatekey", b"secretkey", b"signingkey", b"encryptionkey", b"accountkey", b"sharedaccesskey",
    b"sharedaccesssignature",
    b"cardnumber", b"creditcard", b"ccnumber", b"cnpj", b"cnh", b"ssn", b"iban", b"msisdn",
    b"passaporte", b"pis", b"pasep", b"cns", b"curp", b"dni", b"nif", b"accountnumber", b"chavepix",
    b"pixkey",
    b"emails", b"telephone", b"telefone", b"celular", b"phonenumber", b"whatsapp", b"birthdate",
    b"birthday", b"birthplace", b"dateofbirth", b"dob", b"nascimento", b"endereco",
    b"endere\xc3\xa7o", b"logradouro",
    b"firstname", b"lastname", b"fullname", b"surname", b"sobrenome", b"username",
];

/// Ends of words that do so, but for `token` alone.
#[rustfmt::skip] // words that belong together stay together
const ENDINGS: &[&[u8]] = &[
    b"password", b"passwd", b"pwd", b"passphrase", b"senha", b"secret", b"token", b"cookie",
    b"sessionid", b"sessid", b"apikey", b"accesskey", b"email", b"cpf",
];

/// Words that do so at the end of the key, or before a word such as `id` or `value`; some of them only
/// [behind others](names_at_the_end).
#[rustfmt::skip] // words that belong together stay together
const AT_THE_END: &[&[u8]] = &[
    b"auth", b"bearer", b"mail", b"mobile", b"passport", b"phone", b"phones", b"pin", b"rg",
    b"session", b"sid", b"token",
];

/// Words before `token` in what models and parsers count, and where lists are paged through.
#[rustfmt::skip] // words that belong together stay together
const TOKENS_OF_TEXT: &[&[u8]] = &[
    b"bos", b"cancel", b"cancellation", b"completion", b"continuation", b"eos", b"first", b"input",
    b"last", b"lexer", b"max", b"min", b"next", b"output", b"pad", b"page", b"per", b"prompt",
    b"stop", b"sync", b"syntax", b"total", b"unexpected",
];

/// Words that do so behind one of some others.
#[rustfmt::skip] // words that belong together stay together
const TOGETHER: &[(&[u8], &[&[u8]])] = &[
    (b"key", KEYS),
    (b"keys", KEYS),
    (b"pan", &[b"card", b"cc"]),
    (b"card", &[b"credit", b"debit"]),
    (b"number", NUMBERED),
    (b"num", NUMBERED),
    (b"no", NUMBERED),
    (b"nr", NUMBERED),
    (b"name", &[
        b"cardholder", b"customer", b"employee", b"family", b"first", b"full", b"given", b"holder",
        b"last", b"maiden", b"middle", b"mother", b"mothers", b"patient", b"recipient", b"user",
    ]),
    (b"completo", &[b"nome"]),
    (b"mae", &[b"nome"]),
    (b"address", &[
        b"billing", b"customer", b"delivery", b"home", b"mail", b"mailing", b"postal",
        b"residential", b"shipping", b"street", b"user",
    ]),
    (b"security", &[b"social"]),
    (b"id", &[b"national", b"tax"]),
    (b"date", &[b"birth"]),
    (b"day", &[b"birth"]),
    (b"place", &[b"birth"]),
    (b"birth", &[b"of"]),
    (b"pix", &[b"chave"]),
    (b"code", &[b"otp", b"pass", b"security", b"verification", b"mfa"]),
    (b"phone", &[b"cell", b"mobile"]),
    (b"word", &[b"pass"]),
    (b"phrase", &[b"pass"]),
    (b"pass", &[
        b"admin", b"db", b"ftp", b"http", b"login", b"mysql", b"pg", b"redis", b"root", b"smtp",
        b"user",
    ]),
];

#[rustfmt::skip] // words that belong together stay together
const KEYS: &[&[u8]] = &[
    b"access", b"account", b"admin", b"api", b"auth", b"cipher", b"crypto", b"deploy",
    b"encryption", b"functions", b"hmac", b"license", b"master", b"pix", b"private", b"secret",
    b"service", b"session", b"shared", b"signing", b"ssh", b"storage", b"subscription",
    b"symmetric", b"webhook",
];

const NUMBERED: &[&[u8]] = &[b"account", b"card", b"cc", b"mobile", b"passport", b"phone", b"routing"];

/// Words before `rg`.
const NUMBERS: &[&[u8]] = &[b"numero", b"num", b"nr"];

/// Words after which the value is still the secret: `session_id`, `token.value`.
#[rustfmt::skip] // words that belong together stay together
const OF_VALUE: &[&[u8]] = &[
    b"code", b"cookie", b"data", b"hash", b"header", b"id", b"key", b"number", b"raw", b"string",
    b"value",
];

/// Last words of a key that tells something about a secret, and holds none.
#[rustfmt::skip] // words that belong together stay together
const SAY_ABOUT: &[&[u8]] = &[
    b"age", b"alg", b"algorithm", b"arn", b"at", b"attempts", b"banner", b"bytes", b"changed",
    b"class", b"consent", b"count", b"counts", b"created", b"days", b"details", b"domain",
    b"duration", b"enabled", b"endpoint", b"error", b"errors", b"exists", b"exp", b"expiration",
    b"expired", b"expires", b"expiry", b"field", b"file", b"format", b"hits", b"hours", b"in",
    b"index", b"invalid", b"issuer", b"jar", b"kind", b"len", b"length", b"level", b"limit", b"max",
    b"method", b"min", b"minutes", b"misses", b"missing", b"mode", b"ms", b"name", b"names", b"ns",
    b"path", b"policy", b"present", b"provider", b"rate", b"required", b"requests", b"retries",
    b"rotation", b"rule", b"scheme", b"scope", b"scopes", b"seconds", b"sent", b"service", b"size",
    b"source", b"state", b"status", b"store", b"strength", b"supported", b"template", b"timeout",
    b"total", b"ttl", b"type", b"types", b"updated", b"uri", b"url", b"us", b"usage", b"valid",
    b"validity", b"verified", b"version",
];

/// First words of a key that asks or counts: `has_password`, `max_token`.
#[rustfmt::skip] // words that belong together stay together
const ASK: &[&[u8]] = &[
    b"count", b"has", b"is", b"max", b"min", b"missing", b"no", b"num", b"require", b"requires",
    b"use",
];

/// What a word may say, as bits: looked up by its end, and so at times more than it says.
fn roles(word: &[u8]) -> u8 {
    ROLES.get(place(end(word))).copied().unwrap_or_default()
}

const NAMES: u8 = 1;
const NAMES_BEHIND: u8 = 2;
const NAMES_AT_END: u8 = 4;
const SAYS_ABOUT: u8 = 8;
const ASKS: u8 = 16;

#[expect(clippy::indexing_slicing, reason = "a place is below the length; a const context has no other way")]
static ROLES: [u8; 1 << 12] = {
    let mut roles = [0; 1 << 12];
    let mut lists: &[(u8, &[&[u8]])] = &[
        (NAMES, ALWAYS),
        (NAMES, ENDINGS),
        (NAMES_AT_END, AT_THE_END),
        (SAYS_ABOUT, SAY_ABOUT),
        (ASKS, ASK),
    ];
    while let [(role, list), more @ ..] = lists {
        let mut list = *list;
        while let [word, others @ ..] = list {
            roles[place(end(word))] |= *role;
            list = others;
        }
        lists = more;
    }
    let mut together = TOGETHER;
    while let [(word, _), others @ ..] = together {
        roles[place(end(word))] |= NAMES_BEHIND;
        together = others;
    }
    roles
};

/// The last letters of a word, as few as the shortest ending has.
const fn end(word: &[u8]) -> [u8; 3] {
    match word {
        [.., a, b, c] => [*a, *b, *c],
        [a, b] => [0, *a, *b],
        _ => [0; 3],
    }
}

/// One of 4,096 places; capital and small letters are the same.
const fn place([a, b, c]: [u8; 3]) -> usize {
    let letters = u32::from_le_bytes([a, b, c, 0]) | 0x20_2020;
    (letters.wrapping_mul(0x9e37_79b1) >> 20) as usize
}

fn is_in(these: &[&[u8]], word: &[u8]) -> bool {
    these.iter().any(|this| is(this, word))
}

fn is(this: &[u8], word: &[u8]) -> bool {
    this.eq_ignore_ascii_case(word)
}

fn ends_with(word: &[u8], ending: &[u8]) -> bool {
    word.len().checked_sub(ending.len()).and_then(|at| word.get(at..)).is_some_and(|end| is(ending, end))
}

/// The words of a key, without the digits at their ends. A word ends at a mark, and where a small letter meets a capital
/// one: `APIKey` has two.
struct Words<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            let start = self.rest.iter().position(|byte| is_letter(*byte))?;
            let text = self.rest.get(start..)?;
            let capitals = text.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
            let behind = text.get(capitals..)?;
            let small = behind.iter().position(|byte| !is_letter(*byte) || byte.is_ascii_uppercase());
            let small = behind.get(..small.unwrap_or(behind.len()))?;
            let length = match capitals {
                2.. if small.iter().any(|byte| !byte.is_ascii_digit()) => capitals - 1,
                _ => capitals + small.len(),
            };
            let (mut word, rest) = text.split_at_checked(length)?;
            self.rest = rest;
            while let [start @ .., b'0'..=b'9'] = word {
                word = start;
            }
            if !word.is_empty() {
                return Some(word);
            }
        }
    }
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(key: &str) -> Vec<String> {
        Words { rest: key.as_bytes() }.map(|word| String::from_utf8_lossy(word).to_lowercase()).collect()
    }

    #[test]
    fn keys_are_read_word_by_word() {
        for (key, expected) in [
            ("user.cpf", "user cpf"),
            ("x-api-key", "x api key"),
            ("clientSecret", "client secret"),
            ("DB_PASSWORD2", "db password"),
            ("APIKey", "api key"),
            ("JSESSIONID", "jsessionid"),
            ("userIDs", "user i ds"),
            ("endereço", "endereço"),
            ("a.0.b", "a b"),
            ("", ""),
        ] {
            assert_eq!(words(key).join(" "), expected, "{key}");
        }
    }

    #[test]
    fn each_word_of_the_lists_is_known() {
        let together = TOGETHER.iter().map(|(word, _)| word);
        let others = [ALWAYS, ENDINGS, AT_THE_END, SAY_ABOUT, ASK].into_iter().flatten();
        for word in together.chain(others) {
            assert!(roles(word) != 0, "{word:?}");
        }
        assert!(roles(b"dbpwd") & roles(b"minhaSENHA") & NAMES != 0);
        assert_eq!(roles(b"product"), 0);
    }

    #[test]
    fn secrets_and_personal_data_are_named() {
        for key in "password user.password DB_PASSWORD dbpassword passwordHash new_password passwd pwd userPwd senha \
             secret clientSecret client_secret secret_key_base aws_secret_access_key accessKeyId token \
             access_token id-token csrfToken refresh.token accesstoken token_id tokenValue authorization \
             http.request.header.authorization Proxy-Authorization auth auth_token auth.key cookie Set-Cookie \
             http.response.header.set-cookie session session_id sessionId session.id PHPSESSID JSESSIONID \
             connect.sid sid jwt bearer credential credentials api_key apiKey APIKEY x-api-key private_key \
             privateKey encryption_key AccountKey SharedAccessKey pin pin_code cvv cvv2 cvc card_number \
             cardNumber credit_card card.pan cpf customer.cpf cpfCliente cpf_cnpj cnpj rg numero_rg ssn iban \
             email user_email emailAddress e-mail eMail phone phone_number telefone celular mobile endereço \
             street_address shippingAddress birth_date birthDate date_of_birth dob data_nascimento first_name \
             lastName user_name username chave_pix db_pass user[password]"
            .split(' ')
            .chain(["security code", "card number"])
        {
            assert!(names_secret(key.as_bytes()), "{key}");
        }
    }

    #[test]
    fn what_tells_about_secrets_or_only_sounds_like_them_is_not() {
        for key in "key name id value token_count tokens gen_ai.usage.input_tokens gen_ai.token.type max_tokens \
             maxToken tokenizer token_bucket next_page_token time_to_first_token cookie_count cookie.consent \
             session.duration_ms session_count session.timeout sessions secret_name k8s.secret.name \
             secretsmanager primary_key partition.key messaging.kafka.message.key idempotency_key foreign_key \
             cache.key keyboard monkey author authority authorized auth_type auth.method has_password \
             password_length passwordless password_policy email_count email_template server.address \
             client.address ip_address phone_type spinning pinned span panic argue target mobile_app \
             device.mobile azure.rg.name file.name host.name service.name card_type order_number public_key \
             token_type token_endpoint cpf_valid session_state http.route"
            .split(' ')
            .chain([""])
        {
            assert!(!names_secret(key.as_bytes()), "{key}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(key: Vec<u8>) {
            names_secret(&key);
        }

        #[test]
        fn a_word_counts_in_each_case_and_behind_each_prefix(prefix in "[a-z]{2,8}", mark in "[._-]") {
            prop_assume!(!is_in(ASK, prefix.as_bytes()));
            for word in ["password", "cpf", "secret", "cookie"] {
                assert!(names_secret(format!("{prefix}{mark}{word}").as_bytes()));
                assert!(names_secret(format!("{prefix}{mark}{word}").to_uppercase().as_bytes()));
            }
        }
    }
}
