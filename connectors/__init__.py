"""The edges of Accord: one folder an outside system.

Each turns its system's deliveries into events, and our operations into that system's calls.
"""
