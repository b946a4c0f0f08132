"""Calling the services of a running system over HTTP, and what is often asked of them."""
