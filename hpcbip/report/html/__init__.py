"""The report of a campaign as one self-contained HTML page."""
