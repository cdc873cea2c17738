//! Vocabulary: the small words around a verb and its object. Lists are separated by commas.

/// Before an imperative.
pub const LEADING: &str = "so, and, then, but, or, ok, okay, all, right, alright, cool, great, good, well, now, next, first, finally, \
    lastly, just, carefully, also, please, again, here, there, firstly, secondly, um, uh, simply, slowly, \
    gently, always, quickly, yeah, yes, sure, anyway, basically, afterwards, step, today, again, last, perfect, lovely, \
    to";

/// Between an intent and its verb.
pub const BETWEEN: &str = "just, now, then, also, first, quickly, carefully, really, go, ahead, and, start, by, try, come, \
    actually, be";

/// Says what will be done.
pub const INTENTS: &str = "going to, gonna, let's, lets, let us, let me, need to, want to, have to, i'll, we'll, i will, we will, \
    got to, time to, here to, ready to, about to, able to, do is, does is, is to, is we, is i, is you, we next, step is to, job is to, thing is to, how to, sure to, wanna, you'll, would \
    like to";

/// Work that is not done, or not here.
pub const NOT_DONE: &str = "not, don't, never, can't, won't, cannot, didn't, doesn't, before, until, unless, if, without, when, \
    shouldn't, couldn't, wouldn't, why, haven't, wasn't";

/// May stand behind the object ("take the cover off").
pub const PARTICLES: &str = "off, out, up, down, apart, away, back, in, on, over";

/// May stand between a verb and its object.
pub const AFTER_VERB: &str = "off, out, up, down, apart, away, on, at, about, through, into, over, back, in";

/// Before a thing.
pub const DETERMINERS: &str = "the, a, an, this, that, these, those, my, your, our, its, his, her, their, some, any, all, both, each, \
    another, every";

/// Stands for a thing named before.
pub const PRONOUNS: &str = "it, them, this, that, these, those";

/// Verbs that say where a thing goes: without the place they say half.
pub const PLACED: &str = "put, place, connect, add, pour, attach, apply, mix, mount, transfer, drop, load, feed, thread, insert, move, \
    push, fold, plug, put on, put in, return, set, store, arrange, spread, convert, link, pair, hook";

/// Joins a thing to another.
pub const LINKS: &str = "of, from, to, on, in, into, under, with, at, for, behind, below, between, onto";

/// Adjectives that are no subject matter and yet belong to a thing.
pub const QUALIFIERS: &str = "new, old, own, first, second, third, main, big, little, last, next, other, same, whole";

/// Numbers that count things.
pub const COUNTS: &str = "two, three, four, five, six, seven, eight, nine, ten, twelve, few, several, many, more";

/// Adjectives that cannot stand at the end of a name: what they belong to was cut off.
pub const ADJECTIVES: &str = "real, actual, public, native, relevant, certain, different, single, quick, general, basic, simple, \
    small, large, long, short, current, specific, various, entire, full, empty, static, nice, cool, easy, \
    hard, good, better, best, possible, available, separate, similar, special, extra, existing, following, \
    previous, final, correct, proper, clean, dirty, hot, cold, loose, tight, false, free";

/// Names nothing, whatever stands before it.
pub const VAGUE: &str = "thing, things, stuff, way, ways, one, ones, lot, lots, bit, bits, couple, kind, sort, time, times, moment, \
    second, seconds, something, anything, everything, nothing, idea, ideas, example, bunch, sense, question, questions, people, \
    person, guys, mil, mm, millimetre, millimetres, millimeters, bar, volt, volts, metres, degrees, percent, minute, minutes, \
    hour, hours, amps, litres, kilos, everyone, everybody, somebody, someone, anybody, nobody, whatever, week, weeks, day, days, \
    month, months, plenty, folks, mess, sake, thanks, reason, reasons, fact, kinds, types, type, turn, turns, yesterday, tomorrow, \
    mine, yours, ours, look, half, quarter, while, rest, thousand, hundred, million, dollars, total";

/// Names nothing by itself: "the side", but not "the inner side".
pub const VAGUE_ALONE: &str = "case, point, piece, side, sides, issue, issues, video, number, numbers, line, job, work, stage, top, bottom, end, \
    go, place, places, detail, details, direction, feature, features, update, option, session, shot, eye, level, area, step, \
    steps, process, problem, problems, result, results, amount, length, size, colour, color, care, note, name, start, middle, \
    centre, position, left, right, front, room, minimum, maximum, advantage, chance, hand, word, words, change, changes, demo, \
    system's, fun, test, check, story, talk, recording, screen, task, tasks";

/// Ends a thing's name: verbs of the next clause and adverbs.
pub const NO_NOUNS: &str = "using, shows, called, gets, means, works, needs, happens, says, against, aside, ahead, forward, \
    together, inside, instead, whenever, whereas, although, though, since, towards, toward, around, onto, \
    via, per, else, ago, true, please, properly, somewhere";

/// Whether a list holds a word or phrase.
pub fn has(list: &'static str, word: &str) -> bool {
    !word.is_empty() && entries(list).any(|entry| entry == word)
}

/// The words or phrases of a list.
pub fn entries(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.split(", ")
}
