//! Sets of the variants of an enum, one bit for each: a macro, since no trait makes them in a `const`.

/// Defines `$set`, a set of what `$one::ALL` lists: at most 16 variants without values of their own.
macro_rules! enum_set {
    ($(#[$attribute:meta])* pub struct $set:ident of $one:ident;) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Default, Eq, Hash, PartialEq)]
        pub struct $set(u16);

        impl $set {
            /// The set of these.
            pub const fn of(mut these: &[$one]) -> Self {
                let mut bits = 0;
                while let [first, rest @ ..] = these {
                    bits |= 1 << *first as u16;
                    these = rest;
                }
                Self(bits)
            }

            /// Whether `one` is in it.
            pub const fn contains(self, one: $one) -> bool {
                self.0 & (1 << one as u16) != 0
            }

            /// Whether there is none in it.
            pub const fn is_empty(self) -> bool {
                self.0 == 0
            }

            #[doc = concat!("Each of them, in the order of [`", stringify!($one), "::ALL`].")]
            pub fn iter(self) -> impl Iterator<Item = $one> {
                $one::ALL.into_iter().filter(move |one| self.contains(*one))
            }
        }

        impl FromIterator<$one> for $set {
            fn from_iter<I: IntoIterator<Item = $one>>(these: I) -> Self {
                these.into_iter().fold(Self::default(), |Self(bits), one| Self(bits | Self::of(&[one]).0))
            }
        }

        impl std::fmt::Debug for $set {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_set().entries(self.iter()).finish()
            }
        }
    };
}
pub(crate) use enum_set;
