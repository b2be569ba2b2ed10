"""What each kind of document may contain, and what is wrong with one that may not be."""
