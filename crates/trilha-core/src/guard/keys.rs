//! Which keys name a secret, or personal data, so that their value is hidden whatever it looks like.
//!
//! A key is read word by word: `user.cpf`, `x-api-key`, `clientSecret` and `DB_PASSWORD` are as good as the plain
//! words. A key that tells something *about* a secret, as `token_count` or `session.duration` does, names none.

/// Whether the key names a secret or personal data.
pub(super) fn names_secret(key: &[u8]) -> bool {
    let mut words = Words { rest: key };
    let mut before = Word::default();
    let mut is_secret = false;
    let mut is_first = true;
    let mut next = words.next();
    while let Some(word) = next {
        let after = words.next();
        if after.is_none() && is_secret && says_about(&word) || is_first && after.is_some() && asks(&word) {
            return false;
        }
        is_secret |= always(&word)
            || together(&before, &word)
            || after.as_ref().is_none_or(is_of_value) && at_the_end(&before, &word);
        if after.is_none() && word.is(b"rg") {
            is_secret |= is_first || matches!(before.text(), b"numero" | b"num" | b"nr");
        }
        (before, next, is_first) = (word, after, false);
    }
    is_secret
}

/// Words that name a secret or personal data wherever they stand in the key.
#[rustfmt::skip] // words that belong together stay together
fn always(word: &Word) -> bool {
    const ENDINGS: [&[u8]; 14] = [
        b"password", b"passwd", b"pwd", b"passphrase", b"senha", b"secret", b"token", b"cookie",
        b"sessionid", b"sessid", b"apikey", b"accesskey", b"email", b"cpf",
    ];
    match word.text() {
        b"token" | b"passwordless" => false,
        b"authorization" | b"authentification" | b"credential" | b"credentials" | b"creds"
        | b"cookies" | b"secrets" | b"segredo" | b"segredos" | b"senhas" | b"passwords"
        | b"passcode" | b"passwort" | b"kennwort" | b"contrasena" | b"contrase\xc3\xb1a" | b"jwt"
        | b"otp" | b"totp" | b"cvv" | b"cvc" | b"privatekey" | b"secretkey" | b"signingkey"
        | b"encryptionkey" | b"accountkey" | b"sharedaccesskey" | b"sharedaccesssignature" => true,
        b"cardnumber" | b"creditcard" | b"ccnumber" | b"cnpj" | b"cnh" | b"ssn" | b"iban"
        | b"msisdn" | b"passaporte" | b"pis" | b"pasep" | b"cns" | b"curp" | b"dni" | b"nif"
        | b"accountnumber" | b"chavepix" | b"pixkey" => true,
        b"emails" | b"telephone" | b"telefone" | b"celular" | b"phonenumber" | b"whatsapp"
        | b"birthdate" | b"birthday" | b"birthplace" | b"dateofbirth" | b"dob" | b"nascimento"
        | b"endereco" | b"endere\xc3\xa7o" | b"logradouro" => true,
        b"firstname" | b"lastname" | b"fullname" | b"surname" | b"sobrenome" | b"username" => true,
        text => ENDINGS.iter().any(|ending| text.ends_with(ending)),
    }
}

/// Words that do so at the end of the key, or before a word such as `id` or `value`.
#[rustfmt::skip] // words that belong together stay together
fn at_the_end(before: &Word, word: &Word) -> bool {
    match word.text() {
        b"auth" | b"bearer" | b"passport" | b"phone" | b"phones" | b"mail" | b"pin"
        | b"session" | b"sid" => true,
        b"mobile" => before.is_empty(),
        // Those of models and parsers, and those that page through a list.
        b"token" => !matches!(
            before.text(),
            b"bos" | b"cancel" | b"cancellation" | b"completion" | b"continuation" | b"eos"
            | b"first" | b"input" | b"last" | b"lexer" | b"max" | b"min" | b"next" | b"output"
            | b"pad" | b"page" | b"per" | b"prompt" | b"stop" | b"sync" | b"syntax" | b"total"
            | b"unexpected"
        ),
        _ => false,
    }
}

/// Two words that do so together.
#[rustfmt::skip] // words that belong together stay together
fn together(before: &Word, word: &Word) -> bool {
    match word.text() {
        b"key" | b"keys" => matches!(
            before.text(),
            b"access" | b"account" | b"admin" | b"api" | b"auth" | b"cipher" | b"crypto" | b"deploy"
            | b"encryption" | b"functions" | b"hmac" | b"license" | b"master" | b"pix" | b"private"
            | b"secret" | b"service" | b"session" | b"shared" | b"signing" | b"ssh" | b"storage"
            | b"subscription" | b"symmetric" | b"webhook"
        ),
        b"pan" => matches!(before.text(), b"card" | b"cc"),
        b"card" => matches!(before.text(), b"credit" | b"debit"),
        b"number" | b"num" | b"no" | b"nr" => {
            matches!(
                before.text(),
                b"account" | b"card" | b"cc" | b"mobile" | b"passport" | b"phone" | b"routing"
            )
        }
        b"name" => matches!(
            before.text(),
            b"cardholder" | b"customer" | b"employee" | b"family" | b"first" | b"full" | b"given"
            | b"holder" | b"last" | b"maiden" | b"middle" | b"mother" | b"mothers" | b"patient"
            | b"recipient" | b"user"
        ),
        b"completo" | b"mae" => before.is(b"nome"),
        b"address" => matches!(
            before.text(),
            b"billing" | b"customer" | b"delivery" | b"home" | b"mail" | b"mailing" | b"postal"
            | b"residential" | b"shipping" | b"street" | b"user"
        ),
        b"security" => before.is(b"social"),
        b"id" => matches!(before.text(), b"national" | b"tax"),
        b"date" | b"day" | b"place" => before.is(b"birth"),
        b"birth" => before.is(b"of"),
        b"pix" => before.is(b"chave"),
        b"code" => matches!(before.text(), b"otp" | b"pass" | b"security" | b"verification" | b"mfa"),
        b"phone" => matches!(before.text(), b"cell" | b"mobile"),
        b"word" | b"phrase" => before.is(b"pass"),
        b"pass" => matches!(
            before.text(),
            b"admin" | b"db" | b"ftp" | b"http" | b"login" | b"mysql" | b"pg" | b"redis" | b"root"
            | b"smtp" | b"user"
        ),
        _ => false,
    }
}

/// Words after which the value is still the secret: `session_id`, `token.value`.
#[rustfmt::skip] // words that belong together stay together
fn is_of_value(word: &Word) -> bool {
    matches!(
        word.text(),
        b"code" | b"cookie" | b"data" | b"hash" | b"header" | b"id" | b"key" | b"number" | b"raw"
        | b"string" | b"value"
    )
}

/// Last words of a key that tells something about a secret, and holds none.
#[rustfmt::skip] // words that belong together stay together
fn says_about(word: &Word) -> bool {
    matches!(
        word.text(),
        b"age" | b"alg" | b"algorithm" | b"arn" | b"at" | b"attempts" | b"banner" | b"bytes"
        | b"changed" | b"class" | b"consent" | b"count" | b"counts" | b"created" | b"days"
        | b"details" | b"domain" | b"duration" | b"enabled" | b"endpoint" | b"error" | b"errors"
        | b"exists" | b"exp" | b"expiration" | b"expired" | b"expires" | b"expiry" | b"field"
        | b"file" | b"format" | b"hits" | b"hours" | b"in" | b"index" | b"invalid" | b"issuer"
        | b"jar" | b"kind" | b"len" | b"length" | b"level" | b"limit" | b"max" | b"method" | b"min"
        | b"minutes" | b"misses" | b"missing" | b"mode" | b"ms" | b"name" | b"names" | b"ns"
        | b"path" | b"policy" | b"present" | b"provider" | b"rate" | b"required" | b"requests"
        | b"retries" | b"rotation" | b"rule" | b"scheme" | b"scope" | b"scopes" | b"seconds"
        | b"sent" | b"service" | b"size" | b"source" | b"state" | b"status" | b"store" | b"strength"
        | b"supported" | b"template" | b"timeout" | b"total" | b"ttl" | b"type" | b"types"
        | b"updated" | b"uri" | b"url" | b"us" | b"usage" | b"valid" | b"validity" | b"verified"
        | b"version"
    )
}

/// First words of a key that asks or counts: `has_password`, `max_token`.
#[rustfmt::skip] // words that belong together stay together
fn asks(word: &Word) -> bool {
    matches!(
        word.text(),
        b"count" | b"has" | b"is" | b"max" | b"min" | b"missing" | b"no" | b"num" | b"require"
        | b"requires" | b"use"
    )
}

/// A word of a key in lower case, without the digits at its end; of a long one the end.
#[derive(Clone, Copy, Default)]
struct Word {
    bytes: [u8; Self::MOST],
    length: usize,
}

impl Word {
    const MOST: usize = 24;

    fn of(mut text: &[u8]) -> Self {
        while let [start @ .., b'0'..=b'9'] = text {
            text = start;
        }
        let end = text.get(text.len().saturating_sub(Self::MOST)..).unwrap_or_default();
        let mut bytes = [0; Self::MOST];
        if let Some(place) = bytes.get_mut(..end.len()) {
            place.copy_from_slice(end);
        }
        bytes.make_ascii_lowercase(); // all of them: many at once
        Self { bytes, length: end.len() }
    }

    fn text(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    fn is(&self, text: &[u8]) -> bool {
        self.text() == text
    }

    fn is_empty(&self) -> bool {
        self.length == 0
    }
}

/// The words of a key. A word ends at a mark, and where a small letter meets a capital one: `APIKey` has two.
struct Words<'a> {
    rest: &'a [u8],
}

impl Iterator for Words<'_> {
    type Item = Word;

    fn next(&mut self) -> Option<Word> {
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
            let (word, rest) = text.split_at_checked(length)?;
            self.rest = rest;
            let word = Word::of(word);
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
        Words { rest: key.as_bytes() }.map(|word| String::from_utf8_lossy(word.text()).into_owned()).collect()
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
            prop_assume!(!asks(&Word::of(prefix.as_bytes())));
            for word in ["password", "cpf", "secret", "cookie"] {
                assert!(names_secret(format!("{prefix}{mark}{word}").as_bytes()));
                assert!(names_secret(format!("{prefix}{mark}{word}").to_uppercase().as_bytes()));
            }
        }
    }
}
