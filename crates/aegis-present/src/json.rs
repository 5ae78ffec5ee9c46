//! Machine-readable answers. Each format is a struct of its own, versioned apart from the internal types.

pub mod v1;
