"""Figures of the papers that rest on campaigns."""
