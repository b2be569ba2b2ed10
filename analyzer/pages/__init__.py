"""What a page says of the version that wrote it."""
