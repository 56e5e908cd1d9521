"""Woken by what people should hear of: writes and hands over letters."""
