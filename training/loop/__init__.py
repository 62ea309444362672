"""The trainers: imitation, preferences, reinforcement."""
