"""What a campaign would give and take, before it is run."""
