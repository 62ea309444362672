"""`outlay train …`: one file a verb."""
