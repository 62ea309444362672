"""The Almanac's player: reader, transformer and its school; found by the registry of policies."""
