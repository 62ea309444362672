"""Verbs about suites and experiments."""
