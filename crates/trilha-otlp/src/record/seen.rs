//! Which keys a span has, as far as that can be told without a look at them.

/// A bit for each key that was set, and it stands for others too: what has none is new.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen([u64; 4]);

impl Seen {
    /// Whether the key with this [mark](trilha_core::recorder::StaticKey::mark_of) is new for certain; it is not any
    /// more.
    #[inline(always)]
    pub(super) fn add(&mut self, mark: u8) -> bool {
        let Some(word) = self.0.get_mut(usize::from(mark >> 6)) else { return false };
        let bit = 1 << (mark & 63);
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trilha_core::recorder::StaticKey;

    /// One that shares its mark with another costs a look at all attributes.
    #[test]
    fn keys_that_stand_on_one_span_have_marks_of_their_own() {
        let of_work = ["tenant", "route", "component", "correlation_id", "use_case", "purpose", "error.type"];
        let of_server = ["server.address", "server.port"];
        let of_http = [
            "http.request.method",
            "url.scheme",
            "http.route",
            "network.protocol.version",
            "url.path",
            "user_agent.original",
            "http.response.status_code",
        ];
        let of_rpc = ["rpc.system.name", "rpc.method", "rpc.status_code"];
        let of_database = ["db.system.name", "db.namespace", "db.query.summary", "db.query.text"];
        for of_kind in [&of_http[..], &of_rpc, &of_database] {
            let mut seen = Seen::default();
            for key in of_work.iter().chain(&of_server).chain(of_kind) {
                assert!(seen.add(StaticKey::mark_of(key)), "{key}");
            }
        }
    }

    #[test]
    fn a_key_that_was_added_is_never_new_and_most_others_are() {
        let mut seen = Seen::default();
        let keys: Vec<_> =
            (0..40).map(|number| format!("key.{number}")).chain(["".into(), "k".into()]).collect();
        let new = keys.iter().filter(|key| seen.add(StaticKey::mark_of(key))).count();
        assert!(new > 30, "{new}");
        assert!(!keys.iter().any(|key| seen.add(StaticKey::mark_of(key))));
    }
}
