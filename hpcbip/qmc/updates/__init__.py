"""The updates, one family per file, each with its acceptance ratio derived beside it."""
