"""Woken by ticket-triaged: finds who fits a ticket best."""
