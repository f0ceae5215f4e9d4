"""What is kept of a campaign on disk: its directory, bins, checkpoints, progress, logs and digests."""
