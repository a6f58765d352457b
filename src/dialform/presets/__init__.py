"""Presets as documents: what they hold, how they are written, hashed and bound."""
