"""The witnesses of one run side by side: every difference between them is put into one class."""
