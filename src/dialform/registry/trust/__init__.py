"""Signatures: who may say what is live, and what a reader does to believe it."""
