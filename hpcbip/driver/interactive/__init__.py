"""Sampling and campaigns from a user's own Python: what `import hpcbip` hands out beside the models."""
