//! The answers in the order and the colours in which every chart shows them.

use aegis_ledger::answer::Answer;
use aegis_ledger::statistics::Tally;
use maud::{Markup, html};

/// From the bottom of a stack, or its left: what was allowed first. The colours tell the two apart for
/// everyone, blue from orange; the classes are those of the style sheet.
pub(super) const ORDER: [Option<Answer>; 6] = [
    Some(Answer::Auto),
    Some(Answer::Approved),
    None,
    Some(Answer::Unanswered),
    Some(Answer::Denied),
    Some(Answer::Block),
];

/// The word for an answer, or for none yet; also its class.
pub(super) fn word(answer: Option<Answer>) -> &'static str {
    answer.map_or("open", Answer::as_str)
}

/// What the colours stand for.
pub(super) fn legend() -> Markup {
    html! {
        ul class="legend" aria-label="Colours" {
            @for answer in ORDER {
                li { span class={ "key " (word(answer)) } aria-hidden="true" {} (word(answer)) }
            }
        }
    }
}

/// A tally in words, for those who cannot see it.
pub(super) fn in_words(tally: &Tally) -> String {
    let parts: Vec<_> = ORDER
        .into_iter()
        .filter(|answer| tally.of(*answer) > 0)
        .map(|answer| format!("{} {}", tally.of(answer), word(answer)))
        .collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}
