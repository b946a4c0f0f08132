"""A service for others: HTTP and NATS, who may enter, health, figures, the process itself."""
