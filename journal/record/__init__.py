"""The record of runs as values: calls, events, forks, and what all of it cost."""
