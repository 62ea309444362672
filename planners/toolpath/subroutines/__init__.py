"""Subroutines that are mined from recorded paths."""
