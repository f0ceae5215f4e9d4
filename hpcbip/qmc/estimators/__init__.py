"""Estimators: what one walk along the path measures."""
