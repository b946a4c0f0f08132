"""A service's database, SQLite or PostgreSQL: transactions, many rows, what is away."""
