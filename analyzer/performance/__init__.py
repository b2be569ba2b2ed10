"""How each version performed, and what was claimed of it."""
