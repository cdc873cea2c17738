//! Cause: the one line of a dead child's log that says why it died.

/// Words of such a line, the most telling first, in lower case.
const TELLING: [&[&str]; 3] = [
    &["what():", "assert", "out of memory", "bad_alloc"],
    &["invalid", "error", "not all tensors", "unknown tensor", "wrong size", "wrong shape"],
    &["failed", "cannot", "terminate"],
];
/// Characters of a cause, at most.
const MOST: usize = 160;

/// One line, without the name of the function that wrote it.
pub fn cause(log: &str) -> String {
    let lines: Vec<&str> = log.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let tells = |words: &&[&str]| {
        lines.iter().find(|line| words.iter().any(|word| line.to_lowercase().contains(word))).copied()
    };
    let line = TELLING.iter().find_map(tells).or(lines.last().copied()).unwrap_or("it does not say why");
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let line = line.split_once(": ").filter(|(name, _)| is_name(name)).map_or(line, |(_, rest)| rest);
    if line.starts_with("fatal runtime error") {
        return "whisper.cpp aborted".into();
    }
    let line = line.strip_prefix("ERROR ").unwrap_or(line);
    line.trim_start_matches("what():").trim().chars().take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_says_why_is_found() {
        let log = "whisper_init_from_file_with_params_no_state: loading model from 'x'\n\
                   whisper_model_load: n_vocab = 51864\n\
                   whisper_model_load: ERROR not all tensors loaded from model file - expected 167, got 3\n\
                   whisper_init_with_params_no_state: failed to load model\n\
                   the speech model x cannot be loaded: Failed to create a new whisper context.";
        assert_eq!(cause(log), "not all tensors loaded from model file - expected 167, got 3");
        let thrown =
            "loading\nterminate called after throwing an instance of 'std::length_error'\n  what():  vector::_M\n";
        assert_eq!(cause(thrown), "vector::_M");
        let aborted =
            "whisper_lang_str: unknown language id 100\nfatal runtime error: Rust cannot catch foreign exceptions";
        assert_eq!(cause(aborted), "whisper.cpp aborted");
        assert_eq!(cause("out of memory\n"), "out of memory");
        assert_eq!(cause("one\ntwo"), "two");
        assert_eq!(cause("\n"), "it does not say why");
    }
}
