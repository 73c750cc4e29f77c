"""Measurements of the promises, side by side in one run: `make bench`. Figures are ratios; the machine is whatever it is."""
