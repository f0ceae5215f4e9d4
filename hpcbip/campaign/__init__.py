"""What a campaign is asked for: its configuration, its plan and the identities of what is sampled."""
