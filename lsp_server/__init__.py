"""The language server: editors on one side, the engine on the other."""
