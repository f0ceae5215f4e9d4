"""Campaigns: configuration, plan, scheduling, storage and checkpoints."""
