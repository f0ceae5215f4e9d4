"""Campaigns on their way: several that become one, and one that goes to another machine."""
