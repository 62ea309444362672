"""Whose word counts: what the owner has approved, kept outside every project."""
