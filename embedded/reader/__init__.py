"""The rule-following reader of the Almanac."""
