"""What Appointment decides: pure, a file for each mechanism, and one for each set of rules."""
