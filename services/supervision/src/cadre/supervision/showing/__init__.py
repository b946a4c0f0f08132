"""What Supervision shows beyond what follows from its declarations."""
