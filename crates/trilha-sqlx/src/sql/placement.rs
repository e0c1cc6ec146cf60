//! Where in a query a comment may go without changing what the query means.

use super::lexer::{Kind, Lexer};
use crate::database::Dialect;

/// Statements on rows. The text of others may be stored: of a view, a routine, a prepared statement;
/// there the comment would outlive its query.
const ROWS: &[&str] = &["CALL", "DELETE", "INSERT", "MERGE", "REPLACE", "SELECT", "UPDATE", "VALUES", "WITH"];

/// The byte before which a comment goes: after the last statement, before what closes it, since to
/// MySQL a comment behind the semicolon is another statement, an empty one.
///
/// None where the text has to stay as it is: it has a comment, it cannot be read for certain, or it
/// holds something other than statements on rows. To SQLite no comment goes at all: nobody sees there
/// what a query says, but a result column without a name is called by its text, `1 /*comment*/`.
pub(super) fn placement(text: &str, dialect: Dialect) -> Option<usize> {
    if dialect == Dialect::Sqlite {
        return None;
    }
    let mut end = None;
    let mut is_start = true;
    for token in Lexer::new(text, dialect) {
        match token.kind {
            Kind::Space => {}
            Kind::Comment | Kind::Unclear => return None,
            Kind::Mark if token.text == ";" => is_start = true,
            Kind::Mark if is_start && token.text == "(" => {}
            _ if is_start && !token.is_one_of(ROWS) => return None,
            _ => {
                is_start = false;
                end = Some(token.at + token.text.len());
            }
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Dialect::*;

    #[track_caller]
    fn goes(text: &str, expected: Option<&str>) {
        for dialect in [Postgres, MySql] {
            let at = placement(text, dialect);
            assert_eq!(at.map(|at| text.split_at(at).0), expected, "{dialect:?} {text:?}");
        }
    }

    #[test]
    fn a_comment_goes_behind_the_query_and_before_what_closes_it() {
        goes("select 1", Some("select 1"));
        goes(" select 1 \n", Some(" select 1"));
        goes("select 1;", Some("select 1"));
        goes("select 1 ;; \n;", Some("select 1"));
        goes("(select 1) union (select 2)", Some("(select 1) union (select 2)"));
        goes("insert into a values (1); delete from b;", Some("insert into a values (1); delete from b"));
        goes("select '--', '/*', ';'", Some("select '--', '/*', ';'"));
    }

    #[test]
    fn a_text_with_a_comment_stays_as_it_is() {
        for text in ["select 1 -- one", "/* hint */ select 1", "select 1 /* a */", "-- a\nselect 1"] {
            goes(text, None);
        }
        assert_eq!(placement("select 1 # one", MySql), None);
        assert_eq!(placement("select a #> b", Postgres), Some(13));
    }

    #[test]
    fn only_statements_on_rows_take_a_comment() {
        for text in [
            "",
            " \n",
            ";",
            "create view v as select 1",
            "select 1; create view v as select 1",
            "begin; select 1; commit",
            "set a = 'b'",
            "'select'",
            "(",
        ] {
            goes(text, None);
        }
    }

    #[test]
    fn sqlite_takes_no_comment() {
        assert_eq!(placement("select 1", Sqlite), None);
    }

    #[test]
    fn what_cannot_be_read_stays_as_it_is() {
        goes("select 'open", None);
        goes("select 1 /* open", None);
        assert_eq!(placement(r"select 'c:\', 'b'", MySql), None);
    }
}
