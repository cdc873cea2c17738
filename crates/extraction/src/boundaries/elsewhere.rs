//! Elsewhere: what people say in other languages than English when one piece of work ends and the next begins. A few
//! plain phrases of the commonest languages, each of which puts a piece in its place among others: words such as "now"
//! and "then" stand before every step and say nothing.

use super::{
    signals::{Signal, Values},
    units::Units,
};
use crate::{
    language::Language,
    words::{bare, normalise},
};

/// Phrases of a language.
struct Said {
    code: &'static str,
    /// In front of nearly anything.
    openers: &'static [&'static str],
    /// Begin a piece of work.
    moves_on: &'static [&'static str],
    /// Are the beginning or the end of a short remark that ends one.
    ended: &'static [&'static str],
}

#[rustfmt::skip]
const SAID: [Said; 6] = [
    Said {
        code: "de",
        openers: &["so", "und", "gut", "ok", "okay", "also", "ja", "dann", "jetzt", "nun"],
        moves_on: &[
            "als nächstes", "als erstes", "als zweites", "als drittes", "als letztes", "zum schluss", "zum abschluss",
            "zu guter letzt", "kommt noch", "kommt der", "kommt die", "kommt das", "kommen wir", "weiter geht", "weiter mit",
            "der nächste", "die nächste", "das nächste", "zweitens", "drittens", "schritt zwei", "schritt drei",
        ],
        ended: &["fertig", "erledigt", "geschafft", "das wars", "das war's"],
    },
    Said {
        code: "fr",
        openers: &["alors", "bon", "bien", "et", "ok", "donc", "voilà", "maintenant"],
        moves_on: &[
            "prochaine étape", "étape suivante", "la prochaine étape", "l'étape suivante", "on passe", "passons", "pour finir",
            "pour terminer", "la suite", "premièrement", "deuxièmement", "troisièmement", "en dernier",
        ],
        ended: &["c'est fait", "c'est terminé", "c'est fini", "terminé"],
    },
    Said {
        code: "es",
        openers: &["bueno", "bien", "y", "ok", "entonces", "pues", "ahora", "vale"],
        moves_on: &[
            "a continuación", "lo siguiente", "el siguiente", "la siguiente", "siguiente paso", "pasamos", "vamos a pasar",
            "por último", "para terminar", "en primer lugar", "en segundo lugar",
        ],
        ended: &["listo", "ya está", "terminado", "hecho"],
    },
    Said {
        code: "it",
        openers: &["allora", "bene", "e", "ok", "quindi", "adesso", "ora", "poi"],
        moves_on: &[
            "passiamo", "il prossimo", "la prossima", "prossimo passo", "per finire", "per ultimo", "per ultima", "infine",
            "in primo luogo", "in secondo luogo",
        ],
        ended: &["fatto", "finito", "ecco fatto"],
    },
    Said {
        code: "nl",
        openers: &["zo", "en", "goed", "ok", "oké", "dus", "dan", "nu"],
        moves_on: &[
            "het volgende", "de volgende", "volgende stap", "we gaan verder", "gaan we verder", "gaan we door", "tot slot",
            "als eerste", "als volgende", "als laatste", "ten tweede", "ten derde",
        ],
        ended: &["klaar", "gedaan", "dat is gedaan"],
    },
    Said {
        code: "pt",
        openers: &["então", "bom", "bem", "e", "ok", "agora"],
        moves_on: &[
            "a seguir", "o próximo", "a próxima", "próximo passo", "passamos", "vamos passar", "por último", "para terminar",
            "para finalizar", "em primeiro lugar", "em segundo lugar",
        ],
        ended: &["pronto", "está feito", "terminado", "feito"],
    },
];
/// Words of a remark that ends a piece of work, at most.
const SHORT: usize = 8;

/// Reads the cues of another language than English in the place of those that English words gave.
pub fn read(units: &Units, evidence: &mut [Values]) {
    const ENGLISH: [Signal; 7] = [
        Signal::MovesOn,
        Signal::AnnouncesStep,
        Signal::Announces,
        Signal::Opens,
        Signal::Ended,
        Signal::GoesOn,
        Signal::Closes,
    ];
    for (i, values) in evidence.iter_mut().enumerate() {
        ENGLISH.iter().for_each(|signal| values[*signal as usize] = 0.0);
        let before = if i > 0 { units.said[i - 1].text.as_str() } else { "" };
        let (moves_on, ended) = cues(units.language, before, &units.said[i].text);
        let number = |is: bool| f64::from(u8::from(is));
        values[Signal::MovesOn as usize] = number(moves_on);
        values[Signal::AnnouncesStep as usize] = number(moves_on);
        values[Signal::Ended as usize] = number(ended);
    }
}

/// Whether somebody moves on with `text`, and whether `before` ended something.
fn cues(language: Language, before: &str, text: &str) -> (bool, bool) {
    let Some(said) = SAID.iter().find(|said| Some(said.code) == language.code()) else { return (false, false) };
    let (before, text) = (plain(before, said.openers), plain(text, said.openers));
    let moves_on = said.moves_on.iter().any(|phrase| begins(&text, phrase));
    let short = before.split(' ').count() <= SHORT;
    let ended = said.ended.iter().any(|phrase| begins(&before, phrase) || ends(&before, phrase));
    (moves_on, short && ended)
}

/// Lower-case words without punctuation, and without the first ones that stand in front of nearly anything.
fn plain(text: &str, openers: &[&str]) -> String {
    let text = normalise(text);
    let words = text.split_whitespace().map(bare).filter(|word| !word.is_empty());
    words.skip_while(|word| openers.contains(&word.as_str())).collect::<Vec<_>>().join(" ")
}

fn begins(text: &str, phrase: &str) -> bool {
    text.strip_prefix(phrase).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

fn ends(text: &str, phrase: &str) -> bool {
    text.strip_suffix(phrase).is_some_and(|rest| rest.is_empty() || rest.ends_with(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_moves_on_is_told_from_who_goes_on() {
        for (code, next, done, step) in [
            (
                "de",
                "Gut, als Nächstes reinigen wir den Siphon.",
                "Fertig, der Siphon ist dicht.",
                "Jetzt fülle ich den Siphon.",
            ),
            ("fr", "Bon, passons à la pompe.", "Voilà, c'est fait.", "Maintenant je ferme la vanne."),
            ("es", "Ahora pasamos a la bomba.", "Listo, ya está.", "Ahora cierro la válvula."),
            ("it", "Adesso passiamo alla pompa.", "Ecco fatto.", "Poi chiudo la valvola."),
            ("nl", "En dan de volgende klus.", "Zo, klaar.", "Nu draai ik de kraan dicht."),
            ("pt", "Agora vamos passar à bomba.", "Pronto, está feito.", "Agora fecho a válvula."),
        ] {
            let language = Language::named(code).unwrap();
            assert_eq!(cues(language, step, next), (true, false), "{code}");
            assert_eq!(cues(language, done, step), (false, true), "{code}");
            assert_eq!(cues(Language::named("fi").unwrap(), done, next), (false, false));
        }
    }
}
