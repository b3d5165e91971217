"""Rules of feelings: pure functions over plain values."""
