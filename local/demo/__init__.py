"""The demo: real tickets, filed and watched on their way."""
