"""Calls about what characters feel for each other."""
