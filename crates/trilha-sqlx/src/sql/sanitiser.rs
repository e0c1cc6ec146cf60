//! The text of a query without its values.
//!
//! Literals become `?`, comments go. Where the lexer is not certain the text ends: rather too little
//! than a value.
//!
//! Specification: [OpenTelemetry semantic conventions for databases 1.37, sanitisation](https://github.com/open-telemetry/semantic-conventions/blob/v1.37.0/docs/database/database-spans.md#sanitization-of-dbquerytext).

use super::{
    bounded,
    lexer::{Kind, Lexer},
};
use crate::database::Dialect;

/// `text` without literals and comments, at most as long as is recorded of a query.
pub(crate) fn sanitised(text: &str, dialect: Dialect) -> String {
    let mut output = String::new();
    for token in Lexer::new(text, dialect) {
        match token.kind {
            Kind::Literal => output.push('?'),
            Kind::Word if token.is_one_of(&["true", "false"]) => output.push('?'),
            Kind::Comment => output.push(' '),
            Kind::Unclear => {
                output.push('?');
                break;
            }
            Kind::Space | Kind::Word | Kind::Name | Kind::Parameter | Kind::Mark => {
                output.push_str(token.text);
            }
        }
        if output.len() > super::MAX_RECORDED {
            break;
        }
    }
    output.truncate(bounded(&output).len());
    output
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::database::Dialect::*;

    const DIALECTS: [Dialect; 3] = [Postgres, MySql, Sqlite];

    #[test]
    fn literals_become_question_marks() {
        for dialect in DIALECTS {
            assert_eq!(
                sanitised(
                    "select a1, 'it''s' from t2 where b = -1.5e-3 and c in (0xff, X'0f', true)",
                    dialect
                ),
                "select a1, ? from t2 where b = -? and c in (?, ?, ?)"
            );
        }
        assert_eq!(
            sanitised("select $$a$$, $1, E'\\'b', \"c\", a::text", Postgres),
            "select ?, $1, ?, \"c\", a::text"
        );
        assert_eq!(sanitised("select \"a\", `b`, _utf8'c', ?", MySql), "select ?, `b`, _utf8?, ?");
    }

    #[test]
    fn comments_go_and_words_stay_apart() {
        assert_eq!(sanitised("select/* ana */1 -- 12.345", Postgres), "select ?  ");
        assert_eq!(sanitised("select 1 # ana\n+ 2", MySql), "select ?  \n+ ?");
    }

    #[test]
    fn the_text_ends_where_a_setting_decides() {
        assert_eq!(sanitised(r"select 'c:\', ' or name = ', 'ana'", Postgres), "select ?");
        assert_eq!(sanitised("select /*!50000 'ana' */ 1", MySql), "select ?");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let long = format!("select {}", "é".repeat(super::super::MAX_RECORDED));
        let output = sanitised(&long, Postgres);
        assert!(output.len() <= super::super::MAX_RECORDED && output.starts_with("select éé"));
    }

    /// A literal that contains the word `secret` however one looks at it.
    fn literal(dialect: Dialect) -> BoxedStrategy<String> {
        let inside = r#"(secret|[ a-z;#$\[\]`-]|/\*|\*/|--|\\\\|\n){0,8}"#;
        let quoted = |quote: &'static str| {
            inside.prop_map(move |text| {
                format!("{quote}{}secret{quote}", text.replace(quote, &quote.repeat(2)))
            })
        };
        let number = "[1-9][0-9]{0,3}".prop_map(|digits| format!("{digits}secret"));
        match dialect {
            Postgres => prop_oneof![
                quoted("'"),
                number,
                inside.prop_map(|text| format!("E'{}\\'secret'", text.replace('\'', ""))),
                inside.prop_map(|text| format!("$q${text}secret$q$")),
            ]
            .boxed(),
            MySql | Sqlite => prop_oneof![quoted("'"), quoted("\""), number].boxed(),
        }
    }

    fn between() -> impl Strategy<Value = String> {
        proptest::sample::select(vec![
            " , ",
            " = ",
            " and a.b > ",
            " /* secret ' */ ",
            " -- secret's\n",
            " (",
            ") ",
            "; select ",
            " || ",
            " `q` ",
        ])
        .prop_map(str::to_owned)
    }

    fn statement() -> impl Strategy<Value = (Dialect, String)> {
        prop_oneof![Just(Postgres), Just(MySql), Just(Sqlite)].prop_flat_map(|dialect| {
            let parts = prop::collection::vec((between(), literal(dialect)), 0..6);
            parts.prop_map(move |parts| {
                let text =
                    parts.iter().map(|(between, literal)| between.to_owned() + literal).collect::<String>();
                (dialect, format!("select x{text} from t"))
            })
        })
    }

    proptest! {
        #[test]
        fn no_literal_and_no_comment_is_left((dialect, text) in statement()) {
            prop_assert!(!sanitised(&text, dialect).contains("secret"), "{dialect:?} {text} {}", sanitised(&text, dialect));
        }

        #[test]
        fn any_text_is_survived(text in r#"(\PC|['"`$\\/*#;\n-]){0,80}"#) {
            for dialect in DIALECTS {
                sanitised(&text, dialect);
            }
        }
    }
}
