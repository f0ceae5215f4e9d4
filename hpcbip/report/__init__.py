"""Tables and figures of a campaign's results."""
