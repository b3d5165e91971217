"""Writes: load, ask the domain, save, announce."""
