"""What several functions need of Google."""
