//! What `verify` and the readers make of a log that was meddled with.
