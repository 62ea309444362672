"""Planners that make several attempts: vote, best_of, pdr."""
