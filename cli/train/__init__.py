"""What the verbs of training carry out."""
