"""What is optimised: rewards, advantages, losses."""
