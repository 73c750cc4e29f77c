"""The pure core of Accord: what may be known about a client project and how it is decided.

No I/O, no clock, no randomness: the same state gives the same verdicts on every machine.
"""
