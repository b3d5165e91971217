"""Milestones and growth."""
