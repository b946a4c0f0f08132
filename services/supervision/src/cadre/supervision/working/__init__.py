"""What Supervision does in the world before the log is told."""
