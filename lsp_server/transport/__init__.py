"""From bytes to handlers: framing, the life cycle of LSP, and the two ways in (stdio, loopback
TCP)."""
