//! Who is who, and who may write policy and log.
