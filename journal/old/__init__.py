"""What older versions wrote, read as they meant it: names, hashes, sentences. Frozen."""
