//! Canaries that stand for a person: e-mail addresses, and the numbers that states give.

use super::Made;
use super::source::{CAPITALS_AND_DIGITS, SMALL_LETTERS, Source, formed};

/// Its core is the local part: the domain is nobody's secret.
pub(super) fn email(source: &mut Source) -> Made {
    let name = source.text(SMALL_LETTERS, 6);
    let number = source.digits(5);
    let local = match source.number(0..6) {
        0 => format!("{name}.silva{number}"),
        1 => format!("{name}+tag{number}"),
        2 => format!("{name}_{number}"),
        3 => format!("Ana-{name}{number}"),
        4 => format!("{name}.o'neil{number}"),
        _ => format!("joão.{name}{number}"),
    };
    let domain = source.one_of(&[
        "example.com",
        "example.com.br",
        "mail.example.org",
        "Example.NET",
        "sub-domain.example.museum",
        "exämple.de",
    ]);
    Made::within("", local, format!("@{domain}"))
}

pub(super) fn cpf(source: &mut Source) -> Made {
    let number = with_check_digits(source.digits(9), 11);
    let form =
        source.one_of(&["###.###.###-##", "###########", "#########-##", "### ### ### ##", "###.###.###/##"]);
    Made::whole(formed(&number, form))
}

pub(super) fn cnpj(source: &mut Source) -> Made {
    let branch = format!("{:04}", source.number(1..400));
    let body =
        if source.once_in(2) { source.text(CAPITALS_AND_DIGITS, 12) } else { source.digits(8) + &branch };
    let number = with_check_digits(body, 9);
    let punctuated = "##.###.###/####-##";
    match source.number(0..4) {
        0 => Made::whole(number),
        1 => Made::whole(formed(&number, punctuated).to_lowercase()),
        2 => Made::whole(formed(&number, "########/####-##")),
        _ => Made::whole(formed(&number, punctuated)),
    }
}

pub(super) fn ssn(source: &mut Source) -> Made {
    let area = loop {
        let area = source.number(1..900);
        if area != 666 {
            break area;
        }
    };
    let (group, serial) = (source.number(1..100), source.number(1..10_000));
    let separator = source.one_of(&["-", "-", " "]);
    Made::whole(format!("{area:03}{separator}{group:02}{separator}{serial:04}"))
}

/// With the two check digits of CPF (weights 2 to 11, from the right) and CNPJ (2 to 9, again and again).
fn with_check_digits(mut number: String, highest_weight: usize) -> String {
    for _ in 0..2 {
        let mut sum = 0;
        let mut weight = 2;
        for character in number.bytes().rev() {
            sum += usize::from(character - 48) * weight;
            weight = if weight == highest_weight { 2 } else { weight + 1 };
        }
        let digit = match sum % 11 {
            0 | 1 => 0,
            rest => 11 - rest,
        };
        number.push_str(&digit.to_string());
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_are_those_of_known_numbers() {
        assert_eq!(with_check_digits("529982247".into(), 11), "52998224725");
        assert_eq!(with_check_digits("112223330001".into(), 9), "11222333000181");
        assert_eq!(with_check_digits("12ABC34501DE".into(), 9), "12ABC34501DE35");
    }
}
