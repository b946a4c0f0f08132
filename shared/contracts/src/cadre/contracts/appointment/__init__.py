"""What Appointment (用) tells the others, by mechanism."""
