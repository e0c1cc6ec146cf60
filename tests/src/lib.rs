//! Tests that span the crates: one file a subject, beside this folder. Nothing is here.
