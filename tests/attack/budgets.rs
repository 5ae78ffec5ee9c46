//! Limits for each thing, and for their sum; numbers as they are written.
