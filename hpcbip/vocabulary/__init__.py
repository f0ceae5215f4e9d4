"""The names of the program, each declared once: parameters, sectors, observables and flags."""
