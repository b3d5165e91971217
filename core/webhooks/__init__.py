"""Telling other programs by signed messages over HTTP (Standard Webhooks)."""
