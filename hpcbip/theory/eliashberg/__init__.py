"""Migdal–Eliashberg theory, Allen–Dynes and McMillan, and their couplings from Fermi-surface averages."""
