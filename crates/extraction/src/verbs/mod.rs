//! Verbs: a lexicon of the work that trades do, and the way from "replacing" or "took" back to the base form.

mod lexicon;

use lexicon::{IRREGULAR, STEP, TASK, WEAK};
use std::{collections::HashMap, sync::LazyLock};

/// How well a verb names a piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// "use", "show": only when nothing better was said.
    Weak,
    /// "loosen": a step within a piece of work.
    Step,
    /// "replace": a whole piece of work.
    Task,
}

/// How a verb was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// "replace": an imperative or an infinitive.
    Base,
    /// "replaces".
    Third,
    /// "replacing".
    Gerund,
    /// "replaced", "took".
    Past,
}

/// A verb in a text, brought back to its base form.
#[derive(Clone, Debug, PartialEq)]
pub struct Verb {
    /// Base form, lower case.
    pub base: String,
    /// How it was said.
    pub form: Form,
    /// How well it names a piece of work by itself.
    pub level: Level,
}

static LEXICON: LazyLock<HashMap<&'static str, Level>> = LazyLock::new(|| {
    let of = |list: &'static str, level| list.split_whitespace().map(move |verb| (verb, level));
    of(WEAK, Level::Weak).chain(of(STEP, Level::Step)).chain(of(TASK, Level::Task)).collect()
});

static FORMS: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| IRREGULAR.iter().copied().collect());

/// The verb that a lower-case word is, if the lexicon has it, with or without "re-", "un-", "dis-", "de-" or "pre-".
pub fn verb(word: &str) -> Option<Verb> {
    plain(word).or_else(|| {
        ["re-", "re", "pre-", "pre", "un", "dis", "de-"].iter().find_map(|prefix| {
            let found = plain(word.strip_prefix(prefix)?).filter(|verb| verb.level > Level::Weak)?;
            (found.base.len() > 3).then(|| Verb { base: format!("{prefix}{}", found.base), ..found })
        })
    })
}

fn plain(word: &str) -> Option<Verb> {
    if let Some(verb) = known(word, Form::Base) {
        return Some(verb);
    }
    if let Some(base) = FORMS.get(word) {
        return known(base, if word.ends_with("ing") { Form::Gerund } else { Form::Past });
    }
    let (bases, form) = bases(word)?;
    bases.iter().find_map(|base| known(base, form))
}

fn known(base: &str, form: Form) -> Option<Verb> {
    LEXICON.get(base).map(|level| Verb { base: base.to_owned(), form, level: *level })
}

/// The base forms that a word in -s, -ing or -ed may have, likeliest first, and the form that it is.
pub fn bases(word: &str) -> Option<(Vec<String>, Form)> {
    let (root, form) = match word {
        w if w.len() > 5 && w.ends_with("ing") => (&w[..w.len() - 3], Form::Gerund),
        w if w.len() > 4 && w.ends_with("ed") => (&w[..w.len() - 2], Form::Past),
        w if w.len() > 3 && w.ends_with('s') && !w.ends_with("ss") => (&w[..w.len() - 1], Form::Third),
        _ => return None,
    };
    let without_last = || root.chars().next_back().map(|c| &root[..root.len() - c.len_utf8()]);
    let doubled = {
        let mut ends = root.chars().rev();
        ends.next() == ends.next()
    };
    let bases = match form {
        Form::Third => [
            Some(root.to_owned()),
            root.strip_suffix('e').map(str::to_owned),
            root.strip_suffix("ie").map(|r| format!("{r}y")),
            None,
        ],
        _ => [
            Some(format!("{root}e")),
            Some(root.to_owned()),
            without_last().filter(|_| doubled).map(str::to_owned),
            root.strip_suffix('i').map(|r| format!("{r}y")),
        ],
    };
    Some((bases.into_iter().flatten().collect(), form))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_leads_to_the_base() {
        for (said, base, form) in [
            ("replace", "replace", Form::Base),
            ("replacing", "replace", Form::Gerund),
            ("fitted", "fit", Form::Past),
            ("cutting", "cut", Form::Gerund),
            ("tidied", "tidy", Form::Past),
            ("pressing", "press", Form::Gerund),
            ("drained", "drain", Form::Past),
            ("took", "take", Form::Past),
            ("tying", "tie", Form::Gerund),
            ("stirs", "stir", Form::Third),
            ("applies", "apply", Form::Third),
            ("resealing", "reseal", Form::Gerund),
            ("re-terminated", "re-terminate", Form::Past),
            ("fault-finding", "fault-find", Form::Gerund),
        ] {
            let verb = verb(said).unwrap();
            assert_eq!((verb.base.as_str(), verb.form), (base, form), "{said}");
        }
        for noun in ["ceiling", "bed-rock", "thing", "red", "boiler", "glass", ""] {
            assert_eq!(verb(noun), None, "{noun}");
        }
    }

    #[test]
    fn a_job_is_told_from_a_step() {
        let level = |word| verb(word).unwrap().level;
        assert!(level("replacing") > level("loosen") && level("loosen") > level("use"));
    }
}
