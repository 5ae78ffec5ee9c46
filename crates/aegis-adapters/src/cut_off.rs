//! Output that was cut off, and with it perhaps a call.

use crate::call_error::CallError;
use crate::gathered::Gathered;
use crate::place::Place;

/// What an API says when a model stopped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StopWords {
    /// The model came to its end: every call is whole.
    pub(crate) whole: &'static [&'static str],
    /// It was stopped: the last call may be cut off.
    pub(crate) cut: &'static [&'static str],
}

/// Refuses the calls from `since` on that may be cut off, going by the word that an API has for why the model
/// stopped. A word that is not known leaves none: which of them is whole could not be told. Where there is no
/// word, nobody says that anything was cut off.
pub(crate) fn refuse_cut_off(
    gathered: &mut Gathered<'_>,
    since: usize,
    stop: Option<&Place<'_>>,
    words: StopWords,
) -> Result<(), CallError> {
    let Some(stop) = stop else { return Ok(()) };
    let word = stop.text()?;
    let problem = CallError::CutOff { place: stop.pointer(), word: word.to_owned() };
    if words.cut.contains(&word) {
        gathered.refuse_last(since, problem);
    } else if !words.whole.contains(&word) {
        gathered.refuse_all(since, &problem);
    }
    Ok(())
}
