"""The passes of lifting, each a small file with the textbook name."""
