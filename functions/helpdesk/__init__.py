"""The kernel: what a ticket is, and what all functions agree on. Standard library only."""
