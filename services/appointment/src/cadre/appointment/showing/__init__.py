"""What Appointment shows: tables, questions and reports, a file for each view."""
