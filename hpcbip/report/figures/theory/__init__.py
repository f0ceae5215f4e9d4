"""Figures of the companion theories, one file per verb of `hpcbip theory`."""
