"""The Almanac: worlds of linked facts behind priced tools."""
