"""The record: every table, and one module for each family of them. Only this package knows SQL."""
