//! Secrets that are recorded although they announce themselves.
