"""What is open in the editor, and what of it may be read as context."""
