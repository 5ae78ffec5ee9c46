//! The known word that a misspelt one was probably meant to be.

/// The word of `known` that is spelt most like `word`, if any is close enough to be worth suggesting.
pub(crate) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    // Long input is not a misspelling, and comparing it would cost time that its sender chooses.
    if word.chars().count() > 64 {
        return None;
    }
    let lower = word.to_lowercase();
    known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(&lower, candidate), *candidate))
        .filter(|(similarity, candidate)| {
            *similarity >= 0.8 || strsim::damerau_levenshtein(&lower, candidate) <= 2.min(candidate.len() / 2)
        })
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, candidate)| candidate)
}

/// How many characters have to be put in, taken out, changed or exchanged with their neighbour to make one
/// text of the other.
pub(crate) fn distance(left: &str, right: &str) -> usize {
    strsim::damerau_levenshtein(left, right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspellings_find_their_word_and_strangers_do_not() {
        let known = ["match", "conditions", "risk_level", "approval"];
        assert_eq!(nearest("mtach", &known), Some("match"));
        assert_eq!(nearest("Approval", &known), Some("approval"));
        assert_eq!(nearest("risk", &known), Some("risk_level"));
        assert_eq!(nearest("zebra", &known), None);
        assert_eq!(nearest(&"x".repeat(100_000), &known), None);
    }
}
