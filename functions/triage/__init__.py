"""Woken by ticket-created: reads a ticket and says what it is about."""
