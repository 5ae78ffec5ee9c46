//! Ways of asking besides the terminal: what counts as an answer, and that every bad end is none, leaves no
//! question half-open, and is recorded as what it was.

#[path = "approvers/callback.rs"]
mod callback;
#[path = "approvers/command.rs"]
mod command;
#[path = "approvers/place.rs"]
mod place;
#[path = "approvers/queue.rs"]
mod queue;
