"""The verdict on a split: planned before, tested on every request, audited after."""
