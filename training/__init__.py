"""Training: rows from recorded runs, rewards, advantages, allocation, exports."""
