"""Verbs about a campaign as a whole: a new one, several that become one, and the way to other programs and
machines."""
