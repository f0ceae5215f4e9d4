"""Exact diagonalisation of one or two electrons with phonons in the Bonča–Trugman space."""
