"""Fuzz targets: bytes that coverage leads, looked for without end."""
