//! The guises in which telemetry carries a value: what stands around it, and how it is written there.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// One way in which a value travels.
pub(crate) struct Carrier {
    pub(crate) name: &'static str,
    /// The attribute that such text usually stands under; it is judged without a key, too.
    pub(crate) key: &'static str,
    pub(crate) carry: fn(&str) -> String,
}

/// A key that nobody declared.
pub(crate) const UNDECLARED: &str = "shop.note";

pub(crate) const CARRIERS: &[Carrier] = &[
    carrier("bare", UNDECLARED, str::to_owned),
    carrier("in double quotes", UNDECLARED, |value| format!("\"{value}\"")),
    carrier("in quotes", UNDECLARED, |value| format!("refused: '{value}'")),
    carrier("in backticks", UNDECLARED, |value| format!("`{value}`")),
    carrier("in brackets", UNDECLARED, |value| format!("({value})")),
    carrier("in square brackets", UNDECLARED, |value| format!("[{value}]")),
    carrier("in angle brackets", UNDECLARED, |value| format!("Ana <{value}>")),
    carrier("in braces", UNDECLARED, |value| format!("{{{value}}}")),
    carrier("key=value", UNDECLARED, |value| format!("attempt=2 customer={value} status=failed")),
    carrier("key: value", UNDECLARED, |value| format!("customer: {value}, attempt: 2")),
    carrier("list", UNDECLARED, |value| format!("7,{value},true")),
    carrier("JSON", UNDECLARED, |value| json(&[("id", "7"), ("note", value), ("state", "open")])),
    carrier("JSON, spaced", UNDECLARED, |value| format!("{{ \"id\": 7, \"note\": {} }}", string(value))),
    carrier("JSON, escaped", UNDECLARED, |value| format!("{{\"note\":\"{}\"}}", escaped(value))),
    carrier("JSON in JSON", UNDECLARED, |value| {
        json(&[("payload", &json(&[("note", value)])), ("state", "open")])
    }),
    carrier("Debug of a struct", UNDECLARED, |value| format!("{:?}", Customer { id: 42, note: value })),
    carrier("Debug of a struct, pretty", UNDECLARED, |value| {
        format!("{:#?}", Customer { id: 42, note: value })
    }),
    carrier("Debug of an option", UNDECLARED, |value| format!("{:?}", Some(value))),
    carrier("Debug of a list", UNDECLARED, |value| format!("{:?}", ["new", value])),
    carrier("Debug of a string's Debug", UNDECLARED, |value| format!("{:?}", format!("{value:?}"))),
    carrier("SQL literal", "db.query.text", |value| {
        format!("insert into customers (id, note) values (7, {})", literal(value))
    }),
    carrier("SQL condition", "db.query.text", |value| {
        format!("SELECT * FROM customers WHERE note = {} LIMIT 1", literal(value))
    }),
    carrier("path", "url.path", |value| format!("/customers/{}/orders", percent(value))),
    carrier("path, encoded twice", "url.path", |value| {
        format!("/customers/{}/orders", percent(&percent(value)))
    }),
    carrier("query", "url.query", |value| format!("page=2&q={}&sort=name", percent(value))),
    carrier("query, encoded twice", "url.query", |value| {
        format!("page=2&q={}&sort=name", percent(&percent(value)))
    }),
    carrier("form", "url.query", |value| format!("q={}&page=2", percent(value).replace("%20", "+"))),
    carrier("URL", "url.full", |value| format!("https://shop.example/search?q={}&page=2", percent(value))),
    carrier("header line", UNDECLARED, |value| {
        format!("host: shop.example\r\nx-note: {value}\r\naccept: */*")
    }),
    carrier("error of a parser", "exception.message", |value| {
        format!("invalid note {value:?}: unexpected character at 3")
    }),
    carrier("error of a database", "exception.message", |value| {
        format!(
            "error returned from database: duplicate key value violates unique constraint \
             \"customers_note_key\": Key (note)=({value}) already exists."
        )
    }),
    carrier("error of an error", "exception.message", |value| {
        format!("cannot place the order: no customer for {value}: not found")
    }),
    carrier("start of a sentence", UNDECLARED, |value| format!("{value} was refused twice today")),
    carrier("middle of a sentence", UNDECLARED, |value| {
        format!("the payment that {value} sent was refused, try it again")
    }),
    carrier("end of a sentence", UNDECLARED, |value| format!("there is no customer with {value}.")),
    carrier("início da frase", UNDECLARED, |value| format!("{value} não foi aceito ontem")),
    carrier("meio da frase", UNDECLARED, |value| format!("o pagamento de {value}, já feito, não foi aceito")),
    carrier("fim da frase", UNDECLARED, |value| format!("não há cliente com {value}!")),
    carrier("beside typographic quotes", UNDECLARED, |value| format!("cliente “{value}”…")),
    carrier("beside arrows", UNDECLARED, |value| format!("novo→{value}←velho")),
    carrier("beside no-break spaces", UNDECLARED, |value| format!("nº\u{a0}{value}\u{a0}é")),
    carrier("beside emoji", UNDECLARED, |value| format!("🙂{value}🙂")),
    carrier("between lines", UNDECLARED, |value| format!("first line\n{value}\nlast line")),
    carrier("between tabs", UNDECLARED, |value| format!("7\t{value}\tBRL")),
];

const fn carrier(name: &'static str, key: &'static str, carry: fn(&str) -> String) -> Carrier {
    Carrier { name, key, carry }
}

#[derive(Debug)]
#[expect(dead_code, reason = "read by `Debug` alone")]
struct Customer<'a> {
    id: u32,
    note: &'a str,
}

/// As `encodeURIComponent` and most clients do it.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

fn percent(text: &str) -> String {
    utf8_percent_encode(text, COMPONENT).to_string()
}

fn string(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn json(fields: &[(&str, &str)]) -> String {
    let fields: serde_json::Map<_, _> =
        fields.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect();
    serde_json::to_string(&fields).unwrap()
}

/// As cautious writers of JSON do it: of ASCII, letters and digits alone stay as they are.
fn escaped(text: &str) -> String {
    let unit = |unit| match char::from_u32(u32::from(unit)) {
        Some(plain) if plain.is_ascii_alphanumeric() || plain == ' ' => plain.to_string(),
        _ => format!("\\u{unit:04x}"),
    };
    text.encode_utf16().map(unit).collect()
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
