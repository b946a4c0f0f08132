"""The cadre command."""
