"""The compiled core of the sampler: random numbers, path, geometry, parameters, symmetric times."""
