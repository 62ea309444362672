"""The Almanac's player: a reader, a transformer and its school; found by the registry of policies."""
