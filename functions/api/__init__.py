"""The HTTP function: accounts, tickets and their rules."""
