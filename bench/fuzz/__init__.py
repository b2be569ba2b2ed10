"""Every parser of what comes from elsewhere, given millions of inputs that nobody meant to write."""
