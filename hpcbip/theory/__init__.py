"""Companion theories of the source papers, against which the Monte Carlo results are held."""
