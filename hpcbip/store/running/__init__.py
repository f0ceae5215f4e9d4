"""What a run at work keeps beside its results: requests to stop it, and the blocks in hand."""
