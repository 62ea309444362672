"""Verbs about tools, prices, planners and the machine."""
