"""Words of prose that are probably wrong."""
