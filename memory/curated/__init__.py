"""The memory whose records the policy prunes and pins itself."""
