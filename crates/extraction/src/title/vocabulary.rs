//! Vocabulary: the small words around a verb and its object. Lists are separated by commas.

use std::{collections::HashSet, sync::LazyLock};

/// A list of words or phrases.
pub type List = LazyLock<HashSet<&'static str>>;

macro_rules! list {
    ($words:literal) => {
        LazyLock::new(|| $words.split(", ").collect())
    };
}

/// Before an imperative.
pub static LEADING: List = list!(
    "so, and, then, but, or, ok, okay, all, right, alright, cool, great, good, well, now, next, first, finally, \
    lastly, just, carefully, also, please, again, here, there, firstly, secondly, um, uh, simply, slowly, \
    gently, always, quickly, yeah, yes, sure, anyway, basically, afterwards, step, today, again, last, perfect, lovely, \
    to"
);

/// Between an intent and its verb.
pub static BETWEEN: List = list!(
    "just, now, then, also, first, quickly, carefully, really, go, ahead, and, start, by, try, come, \
    actually, be"
);

/// Says what will be done.
pub static INTENTS: List = list!(
    "going to, gonna, let's, lets, let us, let me, need to, want to, have to, i'll, we'll, i will, we will, \
    got to, time to, here to, ready to, about to, able to, do is, does is, is to, is we, is i, is you, we next, step is to, job is to, thing is to, how to, sure to, wanna, you'll, would \
    like to"
);

/// Work that is not done, or not here.
pub static NOT_DONE: List = list!(
    "not, don't, never, can't, won't, cannot, didn't, doesn't, before, until, unless, if, without, when, \
    shouldn't, couldn't, wouldn't, why, haven't, wasn't"
);

/// At another time: what is said beside one of these is not the work of now.
pub static OTHER_TIME: List = list!(
    "yesterday, tomorrow, already, later, ago, earlier, previously, originally, monday, tuesday, wednesday, thursday, \
    friday, saturday, sunday, someday, eventually, usually, normally, sometimes"
);

/// Behind "last" or "next": at another time.
pub static CALENDAR: List =
    list!("week, month, year, time, night, weekend, monday, tuesday, wednesday, thursday, friday");

/// Says that something might be, or that somebody thinks so.
pub static SUPPOSED: List = list!(
    "would, could, might, maybe, perhaps, may, think, thinking, thought, guess, whether, wish, hope, probably, suppose, \
    i'd, we'd, you'd, buying, buy"
);

/// Words of a discussion: opinions, assent, wishes.
pub static OPINION: List = list!(
    "think, thought, mean, guess, maybe, perhaps, probably, whether, would, could, should, might, suppose, agree, \
    opinion, yeah, mm-hmm, mhm, hmm, question, feel, wonder, prefer, idea, ideas"
);

/// May stand behind the object ("take the cover off").
pub static PARTICLES: List = list!("off, out, up, down, apart, away, back, in, on, over");

/// With a pronoun before it, makes work of any verb ("take it off").
pub static APART: List = list!("off, out, apart, down");

/// May stand between a verb and its object.
pub static AFTER_VERB: List = list!("off, out, up, down, apart, away, on, at, about, through, into, over, back, in");

/// Before a thing.
pub static DETERMINERS: List = list!(
    "the, a, an, this, that, these, those, my, your, our, its, his, her, their, some, any, all, both, each, \
    another, every"
);

/// Stands for a thing named before.
pub static PRONOUNS: List = list!("it, them, this, that, these, those");

/// Verbs that say where a thing goes: without the place they say half.
pub static PLACED: List = list!(
    "put, place, connect, add, pour, attach, apply, mix, mount, transfer, drop, load, feed, thread, insert, move, \
    push, fold, plug, put on, put in, return, set, store, arrange, spread, convert, link, pair, hook"
);

/// Verbs that say nothing about work, whatever they take.
pub static EMPTY: List = list!(
    "have, give, get, know, want, need, tell, think, say, see, wear, ask, note, do, like, keep, leave, play, bring, \
    pretend, follow, consider, start, stop, finish, continue, touch, spend, come, mean, guess, believe, suppose, hope, \
    wonder, remember, imagine, assume, agree, decide, wish, love, hate, care, mind, worry, expect, happen, seem, appear, \
    sound, understand, learn, hear, call, meet, thank, pay, buy, cost, own, forget, bet, doubt, recommend, suggest, \
    prefer, enjoy, matter, let, realise, realize, notice, become, stay, speak, listen, lose, deal, refer, relate, \
    involve, belong, depend, require, contain, please"
);

/// Small words that belong to few verbs only, and those verbs.
pub static PREPOSITIONAL: List = list!("about, at, into, through, over");
/// See [`PREPOSITIONAL`].
pub static WITH_PREPOSITION: List = list!("look, go, talk, walk, run, work, read");

/// Verbs that take "in", "on" or "over" before their object: "plug in the tester", but not "set on the table".
pub static WITH_PARTICLE: List = list!(
    "put, switch, turn, screw, clip, crimp, plug, fill, clamp, push, press, slide, slip, pop, bolt, tap, wind, hook, snap, \
    hammer, glue, tape, strap, fit, feed, thread, hand, lock, roll, paint, flip, take, go, look, check, log, drop, dial, \
    break, bed, key, type, add, mix, fold, rub, wire, cut, let, move, try, sew, weld, solder, build, knock, mount, tighten, \
    talk, pour, stir, pull, click, drive, read, iron, brush, spray, lay, trowel"
);

/// Forms of "be", before what somebody is doing.
pub static BE: List = list!("is, are, was, were, am, be, been, i'm, we're, you're, it's, that's, they're, he's, she's");

/// Joins a thing to another.
pub static LINKS: List = list!("of, from, to, on, in, into, under, with, at, for, behind, below, between, onto");

/// Adjectives that are no subject matter and yet belong to a thing.
pub static QUALIFIERS: List =
    list!("new, old, own, first, second, third, main, big, little, last, next, other, same, whole");

/// Numbers that count things.
pub static COUNTS: List =
    list!("two, three, four, five, six, seven, eight, nine, ten, twelve, few, several, many, more");

/// Numbers in words that count no things by themselves: of measures, sizes, names.
pub static NUMERALS: List = list!(
    "nought, naught, zero, one, eleven, thirteen, fourteen, fifteen, sixteen, seventeen, eighteen, nineteen, twenty, \
    thirty, forty, fifty, sixty, seventy, eighty, ninety, hundred, thousand, million, billion, dozen"
);

/// Plurals without a final s.
pub static PLURALS: List =
    list!("feet, men, teeth, people, mice, women, geese, fish, sheep, pieces, leaves, dice, media, data");

/// Names in -ing of verbs that are things: "the wiring". Other such words say what is done, and name nothing.
pub static THINGS_IN_ING: List = list!(
    "wiring, housing, lagging, bearing, casing, fitting, heating, flooring, skirting, bushing, coupling, ceiling, railing, \
    plumbing, cladding, tiling, setting, reading, lighting, building, drawing, spring, ring, string, opening, winding, \
    mounting, packing, grating, piping, roofing, guttering, decking, coating, filling, dressing, icing, stuffing, topping, \
    recording, meeting, listing, heading, landing, parking, marking, moulding, trunking, ducting, tubing, cabling, \
    scaffolding, panelling, lining, sling, facing, footing, flashing, earthing, bonding, charging, plating, \
    padding, stitching, bedding, framing, covering, backing, bracing, weighting, wing, spacing, timing, clothing, \
    scripting, testing, training, handling, processing, tagging, blocking, routing, grouting, steering, pudding, king, \
    frosting, seasoning, painting, siding, edging, piling, glazing, handwriting, pricing, segmentation, pre-wiring"
);

/// Adjectives that cannot stand at the end of a name: what they belong to was cut off.
pub static ADJECTIVES: List = list!(
    "real, actual, public, native, relevant, certain, different, single, quick, general, basic, simple, \
    small, large, long, short, current, specific, various, entire, full, empty, static, nice, cool, easy, \
    hard, good, better, best, possible, available, separate, similar, special, extra, existing, following, \
    previous, final, correct, proper, clean, dirty, hot, cold, loose, tight, false, free"
);

/// Names nothing, whatever stands before it.
pub static VAGUE: List = list!(
    "thing, things, stuff, way, ways, one, ones, lot, lots, bit, bits, couple, kind, sort, time, times, moment, \
    second, seconds, something, anything, everything, nothing, idea, ideas, example, bunch, sense, question, questions, people, \
    person, guys, mil, mm, millimetre, millimetres, millimeters, bar, volt, volts, metres, degrees, percent, minute, minutes, \
    hour, hours, amps, litres, kilos, everyone, everybody, somebody, someone, anybody, nobody, whatever, week, weeks, day, days, \
    month, months, plenty, folks, mess, sake, thanks, reason, reasons, fact, kinds, types, type, turn, turns, yesterday, tomorrow, \
    mine, yours, ours, look, half, quarter, while, rest, thousand, hundred, million, dollars, total"
);

/// Names nothing by itself: "the side", but not "the inner side".
pub static VAGUE_ALONE: List = list!(
    "case, point, piece, side, sides, issue, issues, video, number, numbers, line, job, work, stage, top, bottom, end, \
    go, place, places, detail, details, direction, session, shot, eye, level, \
    process, problem, problems, result, results, amount, length, size, colour, color, care, note, name, start, middle, \
    centre, position, left, right, front, room, minimum, maximum, advantage, chance, hand, word, words, fun, change, changes, test, check, story, talk"
);

/// Ends a thing's name: verbs of the next clause and adverbs.
pub static NO_NOUNS: List = list!(
    "using, shows, called, gets, means, works, needs, happens, says, against, aside, ahead, forward, \
    together, inside, instead, whenever, whereas, although, though, since, towards, toward, around, onto, \
    via, per, else, ago, true, please, properly, somewhere, dot, slash, underscore, dash, mm-hmm, uh-huh, kay"
);

/// Whether a list holds a word or phrase.
pub fn has(list: &List, word: &str) -> bool {
    list.contains(word)
}

/// The words or phrases of a list.
pub fn entries(list: &List) -> impl Iterator<Item = &'static str> {
    list.iter().copied()
}

pub(super) use list;
