"""Examples and lessons from earlier runs, given where they pay."""
