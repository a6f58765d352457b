"""Promotion: what stands between a version and an environment, and where each one runs."""
