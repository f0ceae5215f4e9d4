"""What the two source papers claim, and what the program's own numbers say about it."""
