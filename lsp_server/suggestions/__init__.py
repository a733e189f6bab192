"""Text offered at the cursor while typing."""
