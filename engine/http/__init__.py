"""The engine over HTTP: one set of contracts for every client, on loopback and a Unix socket."""
