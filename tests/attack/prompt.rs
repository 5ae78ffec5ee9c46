//! The person asked: what is shown, and what counts as an answer.
