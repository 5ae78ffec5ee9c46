"""The runtime: it has actions decided, asked about, done and recorded."""
