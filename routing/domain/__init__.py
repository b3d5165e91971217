"""Rules of reports and decisions: pure functions over plain values."""
