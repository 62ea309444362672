"""Exact search for the cheapest path over typed tools."""
