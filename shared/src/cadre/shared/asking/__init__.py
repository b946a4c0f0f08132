"""What callers may send: parameters with their bounds, headers, a command's body."""
