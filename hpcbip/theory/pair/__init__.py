"""Two electrons without phonons: bound states, thresholds, order parameter, and the ring behind d-wave
pairs."""
