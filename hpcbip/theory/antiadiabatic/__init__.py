"""The antiadiabatic limit: effective pair-hopping Hamiltonians at phonon frequencies far above the
hopping.
"""
