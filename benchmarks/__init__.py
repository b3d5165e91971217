"""Measurements, side by side on the same machine; ratios count, not seconds."""
