"""The shell of Accord: all I/O, all state, all pages.

Connectors bring events in, `rules` decides, this package stores, acts and shows.
"""
