"""A run's life: start, resume, fork, the session that its nodes share."""
