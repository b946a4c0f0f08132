"""What Supervision (管) tells the others, by mechanism."""
