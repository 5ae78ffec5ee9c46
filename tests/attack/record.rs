//! What is promised of the record: nothing is allowed without one.
