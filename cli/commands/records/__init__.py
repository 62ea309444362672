"""Verbs about the journals and the store."""
