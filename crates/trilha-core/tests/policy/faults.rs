//! Every fault of a file is told with its line, its column and the key to change.

use trilha_core::policy::Policy;

/// The faults of a file whose first line is its version, as `line:column message`.
fn faults(rest: &str) -> Vec<String> {
    let Err(invalid) = Policy::parse(format!("version = 1\n{rest}")) else { return Vec::new() };
    let faults = invalid.faults().iter();
    faults.map(|fault| format!("{}:{} {}", fault.line(), fault.column(), fault.message())).collect()
}

fn assert_faults<'a>(cases: impl IntoIterator<Item = (&'a str, &'a str)>) {
    for (rest, expected) in cases {
        assert_eq!(faults(rest), [expected], "{rest}");
    }
}

#[test]
fn broken_syntax_is_told_where_it_breaks() {
    // What is wrong, the TOML library says in words of its own.
    for (rest, place) in [
        ("[trust", "2:7"),
        ("a = 'é' b", "2:9"),
        ("a = \"\\q\"", "2:7"),
        ("a =", "2:4"),
        ("a = 1\r\nb = \0", "3:5"),
        ("version = 1", "2:1"),
        ("[names]\n[names]", "3:2"),
        ("[names]\nformer = true\nformer = false", "4:1"),
        ("[keys.tenant]\n[keys]\ntenant.pii = 'none'", "4:1"),
    ] {
        let found = faults(rest);
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].len() > place.len() + 1 && found[0].starts_with(place), "{rest}: {found:#?}");
    }
    let invalid = Policy::parse("[trust").unwrap_err();
    assert_eq!((invalid.faults()[0].line(), invalid.faults()[0].column()), (1, 7));
    assert_eq!(invalid.faults()[0].key(), "");
}

#[test]
fn a_wrong_version_is_refused_alone() {
    for (file, expected) in [
        ("", "line 1, column 1: version: is missing"),
        ("[trust]\n", "line 1, column 1: version: is missing"),
        ("\nversion = 2\n[no_such_table]", "line 2, column 11: version: expected 1"),
        ("version = '1'", "line 1, column 11: version: expected an integer, not string"),
        ("version = -1", "line 1, column 11: version: is out of range"),
        ("version = 1.0", "line 1, column 11: version: expected an integer, not float"),
    ] {
        assert_eq!(Policy::parse(file).unwrap_err().to_string(), expected, "{file}");
    }
}

#[test]
fn an_unknown_key_is_refused_where_it_stands() {
    for (rest, place) in [
        ("[sampling]", "2:2 sampling"),
        ("sampling.ratio = 1", "2:1 sampling"),
        ("  [\"a b\".c]", "2:4 \"a b\""),
        ("'' = 1", "2:1 \"\""),
        ("[propagation]\nhttps = true", "3:1 propagation.https"),
        ("[keys.tenant]\nunit = 's'", "3:1 keys.tenant.unit"),
    ] {
        let found = faults(rest);
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].starts_with(&format!("{place}: unknown key; expected one of ")), "{found:#?}");
    }
    assert_faults([
        ("[trust]\npeer = []", "3:1 trust.peer: unknown key; expected one of peers, edge"),
        ("[names]\nold = true", "3:1 names.old: unknown key; expected one of former"),
        ("[baggage]\nhosts = []", "3:1 baggage.hosts: unknown key; expected one of destinations, topics"),
        (
            "[zones.dmz]\nmeaning = 'x'\n  egde = true",
            "4:3 zones.dmz.egde: unknown key; expected one of meaning, edge",
        ),
    ]);
}

#[test]
fn a_wrong_type_is_refused_where_it_stands() {
    assert_faults([
        ("trust = 1", "2:9 trust: expected a table, not integer"),
        ("[[trust]]", "2:1 trust: expected a table, not array"),
        ("[zones]\ndmz = 'x'", "3:7 zones.dmz: expected a table, not string"),
        ("[zones.Z2]\nedge = 'yes'", "3:8 zones.Z2.edge: expected true or false, not string"),
        ("[keys.tenant]\nvalues = [1]", "3:11 keys.tenant.values: expected a string, not integer"),
        ("[trust]\npeers = '::1'", "3:9 trust.peers: expected a list, not string"),
        ("[trust]\npeers = ['::1', 1]", "3:17 trust.peers: expected a string, not integer"),
        ("[propagation]\nhttp = 0", "3:8 propagation.http: expected true or false, not integer"),
        ("[names]\nformer = 'true'", "3:10 names.former: expected true or false, not string"),
    ]);
}

#[test]
fn a_wrong_value_is_refused_where_it_stands() {
    assert_faults([
        (
            "[trust]\npeers = [\n  '::1',\n  '10.0.0.0/33',\n]",
            "5:3 trust.peers: expected an address or a range such as 10.0.0.0/8 or ::1",
        ),
        ("[trust]\npeers = ['10.1.0.0/8']", "3:10 trust.peers: the address has bits beyond its prefix"),
        ("[trust]\nedge = 'none'", "3:8 trust.edge: expected one of new_trace, same_trace"),
        (
            "[propagation]\nread = ['b3', 'jaeger']",
            "3:15 propagation.read: expected one of tracecontext, baggage, b3, b3multi, xtrace",
        ),
        ("[propagation]\nbaggage_bytes = -1", "3:17 propagation.baggage_bytes: is out of range"),
        (
            "[propagation]\ntracestate_bytes = 99999999999999999999",
            "3:20 propagation.tracestate_bytes: is out of range",
        ),
        (
            "[baggage]\ndestinations = ['a', 'https://é']",
            "3:22 baggage.destinations: expected a host without a port, `*.` and a domain, or an address range",
        ),
        // A column is a character, not a byte.
        ("[baggage]\ntopics = ['é', 'a*b']", "3:16 baggage.topics: `*` stands at the end only"),
    ]);
}

#[test]
fn a_zone_keeps_the_rules() {
    assert_faults([
        ("[zones.dmz]", "2:1 zones.dmz.meaning: is missing"),
        ("[zones.dmz]\nmeaning = ' '", "3:11 zones.dmz.meaning: is empty"),
        ("[zones.'']\nmeaning = 'x'", "2:1 zones.\"\": is not 1 to 32 letters, digits, `-` and `_`"),
        ("[zones.'a b']\nmeaning = 'x'", "2:1 zones.\"a b\": is not 1 to 32 letters, digits, `-` and `_`"),
        ("[zones.Z1]\nedge = false", "3:8 zones.Z1.edge: would be taken from an edge"),
    ]);
}

/// The faults of a key of the platform's own with one more line, the sixth.
fn faults_of_key(line: &str) -> Vec<String> {
    faults(&format!("[keys.mine]\nmeaning = 'x'\npii = 'none'\ntravels = ['span']\n{line}"))
}

#[test]
fn a_key_of_the_platforms_own_keeps_the_rules() {
    assert_eq!(faults_of_key(""), [""; 0]);
    for (line, expected) in [
        ("max_length = 0", "6:14 keys.mine.max_length: is not 1 to 1024"),
        ("max_length = 9999999999999", "6:14 keys.mine.max_length: is not 1 to 1024"),
        ("cardinality = 0", "6:15 keys.mine.cardinality: is zero, or less than there are values"),
        ("cardinality = 4294967296", "6:15 keys.mine.cardinality: is out of range"),
        ("format = 'number'", "6:10 keys.mine.format: expected one of identifier, text, template, digest"),
        ("values = ['']", "6:10 keys.mine.values: holds one that breaks the key's rules"),
        ("examples = ['']", "6:12 keys.mine.examples: holds one that breaks the key's rules"),
        ("stability = 'beta'", "6:13 keys.mine.stability: expected one of development, stable"),
        ("formerly = 'tenant'", "6:12 keys.mine.formerly: is taken"),
    ] {
        assert_eq!(faults_of_key(line), [expected]);
    }
    let missing = ["meaning", "pii", "travels"].map(|key| format!("2:1 keys.mine.{key}: is missing"));
    assert_eq!(faults("[keys.mine]"), missing);
}

#[test]
fn a_keys_name_is_free_and_well_formed() {
    for (name, problem) in [
        ("\"\"", "is not made of lower-case words, `_` and dots"),
        ("Mine", "is not made of lower-case words, `_` and dots"),
        ("\"http.mine\"", "is taken"),
        ("\"trilha.mine\"", "is taken"),
        ("trace_id", "is taken"),
        ("team", "is taken"),
    ] {
        let found = faults(&format!("[keys.{name}]\nmeaning = 'x'\npii = 'none'\ntravels = []"));
        assert_eq!(found, [format!("2:1 keys.{name}: {problem}")]);
    }
}

#[test]
fn a_value_goes_nowhere_that_its_class_forbids() {
    let faults_of = |pii: &str, exit: &str| {
        faults(&format!("[keys.mine]\nmeaning = 'x'\npii = '{pii}'\ncardinality = 1\ntravels = ['{exit}']"))
    };
    let closed = ["6:11 keys.mine.travels: holds an exit that is closed to its PII class"];
    for exit in ["metric", "baggage", "sql_comment"] {
        assert_eq!(faults_of("personal", exit), closed, "{exit}");
        assert_eq!(faults_of("secret", exit), closed, "{exit}");
        assert_eq!(faults_of("pseudonymous", exit), [""; 0], "{exit}");
    }
    let header = "holds message_header: only correlation_id has one; others travel as baggage";
    assert_eq!(faults_of("none", "message_header"), [format!("6:11 keys.mine.travels: {header}")]);
    for exit in ["span", "event", "log"] {
        assert_eq!(faults_of("personal", exit), [""; 0], "{exit}");
        assert_eq!(faults_of("secret", exit), closed, "{exit}");
    }
    let exits = "span, event, metric, log, baggage, sql_comment, message_header";
    assert_eq!(faults_of("none", "resource"), [format!("6:12 keys.mine.travels: expected one of {exits}")]);
    let classes = "none, pseudonymous, personal, secret";
    assert_eq!(faults_of("some", "span"), [format!("4:7 keys.mine.pii: expected one of {classes}")]);
    assert_faults([(
        "[keys.mine]\nmeaning = 'x'\npii = 'none'\ntravels = ['metric']",
        "2:1 keys.mine.cardinality: is missing: it is a metric attribute",
    )]);
}

#[test]
fn a_built_in_key_becomes_narrower_and_never_wider() {
    assert_eq!(faults("[keys.tenant]\nvalues = ['acme']\npii = 'pseudonymous'\nmax_length = 9"), [""; 0]);
    assert_faults([
        (
            "[keys.tenant]\ncardinality = 9999",
            "3:15 keys.tenant.cardinality: is more than the built-in key's",
        ),
        ("[keys.tenant]\nmax_length = 999", "3:14 keys.tenant.max_length: is more than the built-in key's"),
        ("[keys]\ntenant.format = 'text'", "3:17 keys.tenant.format: allows more than the built-in key"),
        (
            "[keys.tenant]\ntravels = ['sql_comment']",
            "3:11 keys.tenant.travels: holds an exit that the built-in key has not",
        ),
        (
            "[keys.correlation_id]\npii = 'none'",
            "3:7 keys.correlation_id.pii: is less than the built-in key's",
        ),
    ]);
}

#[test]
fn there_is_room_for_so_many_keys_and_zones() {
    let named = |table: &str, count: u8| -> String {
        let lines = "meaning = 'x'\n";
        (0..count).map(|at| format!("[{table}.n{at}]\n{lines}")).collect()
    };
    assert_eq!(faults(&named("zones", 23)), [""; 0]);
    let problem = "is one too many: there may be 32 zones, built-in ones included";
    assert_eq!(faults(&named("zones", 24)), [format!("48:1 zones.n23: {problem}")]);

    let keys = |count| named("keys", count).replace("'x'\n", "'x'\npii = 'none'\ntravels = []\n");
    assert_eq!(faults(&keys(117)), [""; 0]);
    let problem = "is one too many: there may be 128 keys, built-in ones included";
    assert_eq!(faults(&keys(118)), [format!("470:1 keys.n117: {problem}")]);
}

#[test]
fn all_faults_are_told_in_the_order_of_the_file() {
    let found = faults("[trust]\nedge = 1\n[keys.mine]\npii = 'none'\n[trust.x]\n[zones.dmz]\nmeaning = 1\n");
    let places: Vec<_> = found.iter().map(|fault| fault.split(' ').next().unwrap()).collect();
    assert_eq!(places, ["3:8", "4:1", "4:1", "6:8", "8:11"], "{found:#?}");

    // A fault in one table hides none in the next.
    let found = faults(
        "[zones.a]\n[zones.'']\nmeaning = 'x'\n[keys.a]\n[keys.team]\nmeaning = 'x'\npii = 'none'\ntravels = []",
    );
    let places: Vec<_> = found.iter().map(|fault| fault.split(' ').next().unwrap()).collect();
    assert_eq!(places, ["2:1", "3:1", "5:1", "5:1", "5:1", "6:1"], "{found:#?}");

    let invalid = Policy::parse("version = 1\na = 1\nb = 1").unwrap_err();
    assert_eq!(invalid.faults().iter().map(|fault| fault.key()).collect::<Vec<_>>(), ["a", "b"]);
    let lines = invalid.to_string();
    assert!(lines.starts_with("line 2, column 1: a: unknown key;"), "{lines}");
    assert!(lines.contains("\nline 3, column 1: b: unknown key;"), "{lines}");
}

#[test]
fn what_the_guard_cannot_do_is_refused_where_it_is_asked() {
    assert_faults([
        ("[guard]\nmode = 'off'", "3:8 guard.mode: expected one of scan, strict"),
        ("[guard]\nvalue_bytes = 0", "3:15 guard.value_bytes: is not 64 to 1048576"),
        (
            "[guard]\nstrict = true",
            "3:1 guard.strict: unknown key; expected one of mode, dry_run, value_bytes, off, purposes, detectors, classes, exits, keys, patterns",
        ),
        (
            "[guard.exits]\nstatus = 'hide'",
            "3:10 guard.exits.status: expected one of hash, replace, drop, refuse_span",
        ),
        ("[guard.detectors]\nemail = 1", "3:9 guard.detectors.email: expected a string, not integer"),
        (
            "[guard.detectors]\nundeclared = 'hash'",
            "3:1 guard.detectors.undeclared: unknown key; expected one of email, card, iban, cpf, cnpj, ssn, phone, ip_address, jwt, credentials, private_key, url, connection_string, api_key, key, debug",
        ),
        (
            "[guard.keys.note]\nallow = ['mail']",
            "3:10 guard.keys.note.allow: expected one of email, card, iban, cpf, cnpj, ssn, phone, ip_address, jwt, credentials, private_key, url, connection_string, api_key, key, debug",
        ),
        (
            "[guard.patterns.Code]\nregex = 'x'",
            "2:1 guard.patterns.Code: is one of the built-in detectors, or is not made of lower-case letters, digits and `_`",
        ),
        (
            "[guard.patterns.email]\nregex = 'x'",
            "2:1 guard.patterns.email: is one of the built-in detectors, or is not made of lower-case letters, digits and `_`",
        ),
        ("[guard.patterns.code]\nregex = '('", "3:9 guard.patterns.code.regex: is no regular expression"),
        ("[guard.patterns.code]\nregex = 'x*'", "3:9 guard.patterns.code.regex: matches an empty text"),
        ("[guard.patterns.code]\naction = 'drop'", "2:1 guard.patterns.code.regex: is missing"),
    ]);
    let many: String = (0..33).map(|number| format!("[guard.patterns.p{number}]\nregex = 'x'\n")).collect();
    assert_eq!(faults(&many), ["66:1 guard.patterns.p32: is one too many: there may be 32"]);
}
