"""Affinity between characters."""
