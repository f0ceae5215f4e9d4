"""Semiclassical self-trapping and tunnelling at phonon frequencies far below the hopping."""
