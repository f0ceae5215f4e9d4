"""Verbs about the source papers: their figures and their claims."""
