"""hpcbip: numerically exact bipolaron energies, masses, sizes and transition temperatures."""

__version__ = "0.3.0"
