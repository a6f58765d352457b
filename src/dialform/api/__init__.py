"""
The Vogent API: `models` (the wire format), `client` (requests), `objects` (answers).

Re-exports nothing: a launcher needs `client` alone, and must not pay for pydantic.
"""

__all__: list[str] = []
