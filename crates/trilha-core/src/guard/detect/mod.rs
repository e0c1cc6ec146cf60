//! What is personal or secret in a text: one module for each kind.
//!
//! Each has `find(text, from)`: the range of bytes of the first one that starts at `from` or later. `from` is
//! where the search goes on; what stands before it is looked at as a neighbour. All are pure, allocate
//! nothing, never panic, and need a time that grows with the text and not faster, also when they are
//! called again and again from the end of what they found. The text need not be UTF-8. A range begins and
//! ends at ASCII, or at the text's ends.

pub(in crate::guard) mod api_key;
pub(in crate::guard) mod card;
pub(in crate::guard) mod cnpj;
pub(in crate::guard) mod connection_string;
pub(in crate::guard) mod cpf;
pub(in crate::guard) mod credentials;
pub(in crate::guard) mod email;
pub(in crate::guard) mod iban;
pub(in crate::guard) mod ip_address;
pub(in crate::guard) mod jwt;
pub(in crate::guard) mod pair;
pub(in crate::guard) mod phone;
pub(in crate::guard) mod private_key;
pub(in crate::guard) mod ssn;
pub(in crate::guard) mod url;

mod number;
mod taxpayer;
mod text;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
