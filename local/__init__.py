"""The same house on one machine: one stand-in per port, all on SQLite."""
