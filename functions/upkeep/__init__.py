"""Keeps the promises that outlive a request: publishes what was committed but not sent."""
