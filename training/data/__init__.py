"""Rows for training, from recorded runs and rollouts."""
