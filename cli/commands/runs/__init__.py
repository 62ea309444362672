"""Verbs about single runs."""
