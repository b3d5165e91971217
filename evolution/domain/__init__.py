"""Rules of growth: pure functions over plain values."""
