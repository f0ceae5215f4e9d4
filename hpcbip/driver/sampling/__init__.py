"""Sampling one model from Python, without a campaign: `hpcbip.sample`."""
