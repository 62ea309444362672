"""Benchmarks: suites, worlds and scorers, experiments over them, and what their results say."""
