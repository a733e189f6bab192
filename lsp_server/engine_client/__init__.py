"""The engine behind the language server: embedded, or a served one at an address."""
