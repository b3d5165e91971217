"""Lorebooks: what an entry is, how files hold it, and when it enters a prompt."""
