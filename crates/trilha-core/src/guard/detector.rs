//! What may be found in a text, by name. How it is found, each module of [`detect`](super::detect) knows.

use std::fmt;

/// What was found in a text, or why it is hidden.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Detector {
    /// An e-mail address.
    Email,
    /// The number of a payment card.
    Card,
    /// An international bank account number.
    Iban,
    /// A Brazilian taxpayer's number: of a person.
    Cpf,
    /// A Brazilian company's number.
    Cnpj,
    /// A social security number of the United States.
    Ssn,
    /// A telephone number: E.164, or in a Brazilian form.
    Phone,
    /// An IPv4 or IPv6 address.
    IpAddress,
    /// A JSON web token.
    Jwt,
    /// Bearer, basic or other credentials, as in an `authorization` header.
    Credentials,
    /// The block of a private key.
    PrivateKey,
    /// User information, or a secret parameter, of a URL.
    Url,
    /// The password of a connection string.
    ConnectionString,
    /// An API key of a well-known shape.
    ApiKey,
    /// The value of a key that names a secret or personal data: `password`, `cookie`, `cpf`…
    Key,
    /// A string in the `Debug` output of a struct.
    Debug,
    /// Text under a key that nobody declared.
    Undeclared,
    /// A value whose key is declared as personal or secret.
    Class,
    /// A text that a detector could not judge, since it panicked.
    Failure,
    /// One of the platform's own, by its number.
    Own(u8),
}

impl Detector {
    /// Those that are built in.
    pub const ALL: [Self; 19] = [
        Self::Email,
        Self::Card,
        Self::Iban,
        Self::Cpf,
        Self::Cnpj,
        Self::Ssn,
        Self::Phone,
        Self::IpAddress,
        Self::Jwt,
        Self::Credentials,
        Self::PrivateKey,
        Self::Url,
        Self::ConnectionString,
        Self::ApiKey,
        Self::Key,
        Self::Debug,
        Self::Undeclared,
        Self::Class,
        Self::Failure,
    ];

    /// Those that look for something, and can be switched off.
    pub const SWITCHABLE: [Self; 16] = [
        Self::Email,
        Self::Card,
        Self::Iban,
        Self::Cpf,
        Self::Cnpj,
        Self::Ssn,
        Self::Phone,
        Self::IpAddress,
        Self::Jwt,
        Self::Credentials,
        Self::PrivateKey,
        Self::Url,
        Self::ConnectionString,
        Self::ApiKey,
        Self::Key,
        Self::Debug,
    ];

    /// Those of a platform, at most.
    pub const MOST_OWN: usize = 32;

    /// The name in metrics, in a policy file and in a marker. Those of a platform are told by the guard.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Card => "card",
            Self::Iban => "iban",
            Self::Cpf => "cpf",
            Self::Cnpj => "cnpj",
            Self::Ssn => "ssn",
            Self::Phone => "phone",
            Self::IpAddress => "ip_address",
            Self::Jwt => "jwt",
            Self::Credentials => "credentials",
            Self::PrivateKey => "private_key",
            Self::Url => "url",
            Self::ConnectionString => "connection_string",
            Self::ApiKey => "api_key",
            Self::Key => "key",
            Self::Debug => "debug",
            Self::Undeclared => "undeclared",
            Self::Class => "class",
            Self::Failure => "failure",
            Self::Own(_) => "own",
        }
    }

    /// Whether a detector of a platform's own may have this name.
    pub(super) fn is_free(name: &str) -> bool {
        let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        (1..=32).contains(&name.len())
            && name.bytes().all(is_part)
            && name != Self::Own(0).name()
            && Self::ALL.iter().all(|known| known.name() != name)
    }

    /// By what it is told, in a few words.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Email => "an e-mail address",
            Self::Card => "a payment card: length and issuer of one, and the check digit is right",
            Self::Iban => "a bank account: country and length of an IBAN, and the check digits are right",
            Self::Cpf => "a CPF: both check digits are right",
            Self::Cnpj => "a CNPJ: both check digits are right",
            Self::Ssn => "a social security number of the United States, of parts that are given out",
            Self::Phone => "a telephone number: E.164, or in a Brazilian form",
            Self::IpAddress => "an IP address",
            Self::Jwt => "a JSON web token",
            Self::Credentials => "what follows the name of an authentication scheme",
            Self::PrivateKey => "the block of a private key",
            Self::Url => "user information, or a secret parameter, of a URL",
            Self::ConnectionString => "the password of a connection string",
            Self::ApiKey => "an API key of a known shape",
            Self::Key => "its key says so: by its name, by a rule, or since it holds something itself",
            Self::Debug => "a string in the Debug output of a struct",
            Self::Undeclared => "text under a key that nobody declared",
            Self::Class => "its key is declared as personal or secret",
            Self::Failure => "a detector could not judge it",
            Self::Own(_) => "a detector of the platform's own",
        }
    }

    /// Its place among all, built-in ones first.
    pub(super) const fn index(self) -> usize {
        match self {
            Self::Email => 0,
            Self::Card => 1,
            Self::Iban => 2,
            Self::Cpf => 3,
            Self::Cnpj => 4,
            Self::Ssn => 5,
            Self::Phone => 6,
            Self::IpAddress => 7,
            Self::Jwt => 8,
            Self::Credentials => 9,
            Self::PrivateKey => 10,
            Self::Url => 11,
            Self::ConnectionString => 12,
            Self::ApiKey => 13,
            Self::Key => 14,
            Self::Debug => 15,
            Self::Undeclared => 16,
            Self::Class => 17,
            Self::Failure => 18,
            Self::Own(number) => Self::ALL.len() + (number as usize) % Self::MOST_OWN,
        }
    }
}

impl fmt::Display for Detector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of [`Detector`]s. Empty by default.
#[derive(Clone, Copy, Default, Eq, Hash, PartialEq)]
pub struct Detectors(u64);

impl Detectors {
    /// The set of all, a platform's own too.
    pub const ALL: Self = Self(u64::MAX);

    /// The set of these.
    pub const fn of(mut these: &[Detector]) -> Self {
        let mut bits = 0;
        while let [first, rest @ ..] = these {
            bits |= 1 << first.index();
            these = rest;
        }
        Self(bits)
    }

    /// One bit for each detector, the lowest ones: see [`MOST_BITS`](Self::MOST_BITS).
    pub(super) const fn bits(self) -> u64 {
        self.0
    }

    pub(super) const fn of_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Bits that a detector may have. There is room for others above them.
    pub(super) const MOST_BITS: u32 = (Detector::ALL.len() + Detector::MOST_OWN) as u32;

    /// Whether `one` is in it.
    pub const fn contains(self, one: Detector) -> bool {
        self.0 & (1 << one.index()) != 0
    }

    /// Whether there is none in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those of this or of `other`.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those of this that are not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Those of this that are also in `other`.
    #[must_use]
    pub const fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl FromIterator<Detector> for Detectors {
    fn from_iter<I: IntoIterator<Item = Detector>>(these: I) -> Self {
        these.into_iter().fold(Self::default(), |all, one| all.union(Self::of(&[one])))
    }
}

impl fmt::Debug for Detectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let built_in = Detector::ALL.into_iter();
        let own = (0..Detector::MOST_OWN as u8).map(Detector::Own);
        f.debug_set().entries(built_in.chain(own).filter(|one| self.contains(*one))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_detector_has_a_place_of_its_own() {
        for (at, detector) in Detector::ALL.into_iter().enumerate() {
            assert_eq!(detector.index(), at);
            let set = Detectors::of(&[detector, Detector::Own(3)]);
            assert!(set.contains(detector) && set.contains(Detector::Own(3)));
            assert!(!set.contains(Detector::Own(4)));
            assert_eq!(set.without(Detectors::of(&[Detector::Own(3)])), Detectors::of(&[detector]));
        }
    }
}
