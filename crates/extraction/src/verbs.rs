//! Verbs: a lexicon of the work that trades do, and the way from "replacing" or "took" back to the base form.

use std::{collections::HashMap, sync::LazyLock};

/// Verbs that name a piece of work.
const WORK: &str = "access activate adapt add adjust align anchor apply arm arrange assemble assess attach author \
    automate backfill bag balance bed bend bind bleed blend block bolt bond boot bore box brace bracket braze brush \
    build bundle burn calibrate cap carve cast caulk centre center change charge check chisel chop clamp clean clear clip \
    close coat coil collect compact compare compile complete compress configure connect construct convert cook cool copy \
    couple cover crank create crimp cure cut debug decorate deploy degrease dehumidify demonstrate deburr delete deliver \
    demolish descale detach diagnose dice dig dilute dip disable disassemble disconnect disinfect dismantle dismount \
    dispose dissolve divert document drain draw dress drill drive dry dust earth edge edit empty enable engage engrave erect \
    etch examine excavate exchange explain expand export extend extract extrude face fasten feed file fill filter find fit \
    fix flare flash flatten flush fold form frame fry fuse gauge glue grease grill grind ground grout guide hammer hang heat \
    hoist hone hook identify implement import index inflate inject insert inspect install insulate investigate isolate jack \
    join label ladle lag lash lay level lift light link load lock log loosen lower lubricate machine mark mask measure melt \
    mend mill mix modify monitor mortar mount mow nail notch open operate order organise organize orient overhaul pack paint \
    patch peel pick pin pipe plan plane plant plaster plough plug plumb point polish position pour power prepare press \
    pressurise pressurize prime print program protect prune pull pump purge push raise rake reassemble rebuild recalibrate \
    recharge reconnect record redo refill refit refactor refrigerate reinstall reinforce relace release relocate remove rename \
    render repair repeat replace repot repressurise reroute reseal reset resize restart restore retighten return review \
    rewire rework rig rinse rivet roll rotate route run sand saw scan scoop score scrape screw scribe scrub seal season \
    secure select separate serve service set sew shape sharpen shave shim shorten shovel shut sign silicone simulate skim \
    slice slide slot smooth snip soak solder sort spin splice split spray spread square stack stain start steam sterilise \
    sterilize stir stitch stop store straighten strap strip submit support suspend swap sweep switch tag tamp tap tape tension \
    test thread tidy tie tighten tile tilt time top torque trace track train transfer trim troubleshoot trowel tune turn twist \
    unblock unbolt unclip uncoil uncover undo unhook uninstall unload unlock unpack unplug unscrew untie unwind unwrap update \
    upgrade vacuum validate varnish vent verify wash wax weigh weld wheel whisk wind wipe wire wrap write zero";

/// Verbs that name work only when nothing better was said.
const WEAK: &str = "ask break bring call choose consider continue cover define describe design discuss enter explain explore \
    fetch figure finish follow go grab handle help hold implement introduce leave make move pass place play present put reach \
    read revert save search see send share show spend start stop summarise take talk touch try use view visit walk work";

const IRREGULAR: &[(&str, &str)] = &[
    ("bent", "bend"),
    ("bled", "bleed"),
    ("bound", "bind"),
    ("brought", "bring"),
    ("built", "build"),
    ("burnt", "burn"),
    ("chose", "choose"),
    ("chosen", "choose"),
    ("dug", "dig"),
    ("drawn", "draw"),
    ("drew", "draw"),
    ("driven", "drive"),
    ("drove", "drive"),
    ("dried", "dry"),
    ("fed", "feed"),
    ("found", "find"),
    ("given", "give"),
    ("gave", "give"),
    ("got", "get"),
    ("held", "hold"),
    ("hung", "hang"),
    ("kept", "keep"),
    ("laid", "lay"),
    ("left", "leave"),
    ("lit", "light"),
    ("made", "make"),
    ("ran", "run"),
    ("redid", "redo"),
    ("redone", "redo"),
    ("rebuilt", "rebuild"),
    ("sawn", "saw"),
    ("seen", "see"),
    ("sent", "send"),
    ("sewn", "sew"),
    ("shown", "show"),
    ("slid", "slide"),
    ("spun", "spin"),
    ("swept", "sweep"),
    ("taken", "take"),
    ("took", "take"),
    ("tied", "tie"),
    ("tying", "tie"),
    ("undid", "undo"),
    ("undone", "undo"),
    ("unwound", "unwind"),
    ("went", "go"),
    ("wound", "wind"),
    ("written", "write"),
    ("wrote", "write"),
];

static LEXICON: LazyLock<HashMap<&'static str, bool>> = LazyLock::new(|| {
    let weak = WEAK.split_whitespace().map(|v| (v, false));
    weak.chain(WORK.split_whitespace().map(|v| (v, true))).collect()
});

/// How a verb was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// "replace": an imperative or an infinitive.
    Base,
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
    /// Whether it names a piece of work by itself.
    pub names_work: bool,
}

/// The verb that a lower-case word is, if the lexicon has it.
pub fn verb(word: &str) -> Option<Verb> {
    let known = |base: &str, form| {
        LEXICON.get_key_value(base).map(|(base, work)| Verb { base: (*base).to_owned(), form, names_work: *work })
    };
    if let Some(verb) = known(word, Form::Base) {
        return Some(verb);
    }
    if let Some((_, base)) = IRREGULAR.iter().find(|(form, _)| *form == word) {
        return known(base, if word.ends_with("ing") { Form::Gerund } else { Form::Past });
    }
    let (root, form) = match word {
        w if w.len() > 5 && w.ends_with("ing") => (&w[..w.len() - 3], Form::Gerund),
        w if w.len() > 4 && w.ends_with("ed") => (&w[..w.len() - 2], Form::Past),
        _ => return None,
    };
    let undoubled = {
        let mut ends = root.chars().rev();
        (ends.next() == ends.next()).then(|| &root[..root.len() - root.chars().next_back().map_or(0, char::len_utf8)])
    };
    let with_y = root.strip_suffix('i').map(|r| format!("{r}y"));
    [Some(format!("{root}e")), Some(root.to_owned()), undoubled.map(str::to_owned), with_y]
        .into_iter()
        .flatten()
        .find_map(|base| known(&base, form))
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
        ] {
            let verb = verb(said).unwrap();
            assert_eq!((verb.base.as_str(), verb.form), (base, form), "{said}");
        }
        for noun in ["ceiling", "bed-rock", "thing", "red", "boiler", ""] {
            assert_eq!(verb(noun), None, "{noun}");
        }
    }
}
