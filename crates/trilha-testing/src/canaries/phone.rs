//! Canaries that look like telephone numbers: international ones and those of Brazil.

use super::Made;
use super::source::{Source, formed};

pub(super) fn phone(source: &mut Source) -> Made {
    let (prefix, forms) =
        if source.once_in(2) { source.one_of(&INTERNATIONAL) } else { (source.one_of(&AREAS), BRAZILIAN) };
    let form = source.one_of(forms);
    let missing = form.matches('#').count() - prefix.len();
    let number = prefix.to_owned() + &source.digits(missing);
    Made::whole(formed(&number, form))
}

/// Country and the beginning of a subscriber's number.
const INTERNATIONAL: [(&str, &[&str]); 12] = [
    ("1415", &["+###########", "+# ### ### ####", "+#-###-###-####", "+# (###) ###-####"]),
    ("1212", &["+###########", "00###########", "+#.###.###.####"]),
    ("44794", &["+############", "+## #### ######", "00## #### ######"]),
    ("4915", &["+############", "+## ### ########", "+## (0)### ########"]),
    ("336", &["+###########", "+## # ## ## ## ##"]),
    ("346", &["+###########", "+## ### ## ## ##"]),
    ("351912", &["+############", "+### ### ### ###"]),
    ("5255", &["+############", "+## ## #### ####"]),
    ("549", &["+#############", "+## # ## ####-####"]),
    ("919", &["+############", "+## ##### #####"]),
    ("8190", &["+############", "+##-##-####-####"]),
    ("86138", &["+#############", "+## ### #### ####"]),
];

const AREAS: [&str; 10] = ["119", "199", "219", "279", "319", "419", "559", "619", "719", "929"];

/// Area code and the nine digits of a mobile number.
const BRAZILIAN: &[&str] = &[
    "(##) #####-####",
    "(##)#####-####",
    "(##) # ####-####",
    "## #####-####",
    "###########",
    "+55 ## #####-####",
    "+55 (##) #####-####",
    "+55###########",
    "55###########",
    "0055 ## #####-####",
];
