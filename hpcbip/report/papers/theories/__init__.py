"""Figures of the papers that rest on the companion theories alone."""
