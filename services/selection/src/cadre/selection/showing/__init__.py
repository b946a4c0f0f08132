"""What Selection shows beyond what its declarations tell: tables, routes, reports."""
