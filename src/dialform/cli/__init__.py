"""The command line. ``main`` is the entry point; each other module holds its commands."""
