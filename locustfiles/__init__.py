"""The load: readers of /productpage that keep one row per request."""
