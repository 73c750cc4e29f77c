"""Measurements of the promises, side by side in one run: `make bench`. Figures are ratios, whatever the machine."""
