"""The front door: one module per verb; each parses its arguments, calls one function and prints."""
