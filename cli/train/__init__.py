"""`bursar train …`: one file a verb."""
