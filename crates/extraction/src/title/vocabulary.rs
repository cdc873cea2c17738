//! Vocabulary: the small words around a verb and its object. Lists are separated by commas.

/// Before an imperative.
pub const LEADING: &str = "so, and, then, ok, okay, all, right, alright, cool, great, good, well, now, next, first, finally, \
    lastly, just, carefully, also, please, again, here, there, firstly, secondly, um, uh, simply, slowly, \
    gently, always, quickly, yeah";

/// Between an intent and its verb.
pub const BETWEEN: &str = "just, now, then, also, first, quickly, carefully, really, go, ahead, and, start, by, try, come, \
    actually, be";

/// Says what will be done.
pub const INTENTS: &str = "going to, gonna, let's, lets, let us, let me, need to, want to, have to, i'll, we'll, i will, we will, \
    got to, time to, ready to, step is to, job is to, thing is to, how to, sure to, wanna, you'll, would \
    like to";

/// Work that is not done, or not here.
pub const NOT_DONE: &str = "not, don't, never, can't, won't, cannot, didn't, doesn't, before, until, unless, if, without, when, \
    shouldn't, couldn't, wouldn't, why, haven't, wasn't";

/// May stand behind the object ("take the cover off").
pub const PARTICLES: &str = "off, out, up, down, apart, away";

/// May stand between a verb and its object.
pub const AFTER_VERB: &str = "off, out, up, down, apart, away, on, at, about, through, into, over";

/// Before a thing.
pub const DETERMINERS: &str = "the, a, an, this, that, these, those, my, your, our, its, his, her, their, some, any, all, both, each, \
    another";

/// Joins a thing to another.
pub const LINKS: &str = "of, from, to, on, in, into, under, with, at, for, behind, below, between, onto";

/// Adjectives that are no subject matter and yet belong to a thing.
pub const QUALIFIERS: &str = "new, old, own, first, second, third, main, big, little, last, next, other, same, whole";

/// Adjectives that cannot stand at the end of a name: what they belong to was cut off.
pub const ADJECTIVES: &str = "real, actual, public, native, relevant, certain, different, single, quick, general, basic, simple, \
    small, large, long, short, current, specific, various, entire, full, empty, static, nice, cool, easy, \
    hard, good, better, best, possible, available, separate, similar, special, extra, existing, following, \
    previous, final, correct, proper, clean, dirty, hot, cold, loose, tight, false, free";

/// Names nothing.
pub const VAGUE: &str = "thing, things, stuff, way, ways, one, ones, lot, bit, couple, kind, sort, time, times, moment, second, \
    something, anything, everything, idea, example, case, point, piece, side, bunch, video, sense, question, \
    questions, issue, people, person, number";

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
