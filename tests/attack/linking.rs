//! The binary: what it links, and which data is in it.
