"""The way of the data, one stage a file: receive, normalise, decide, dispatch, deliver; answer, tick and sweep.

Stages do not import each other; service.jobs strings them together. Each takes a `Context` and does one thing.
"""
