"""What a run leaves in its folder: rows, log lines, and what joins them."""
