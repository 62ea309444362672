"""What recorded runs say: differences, past runs, statistics for routing, bills."""
