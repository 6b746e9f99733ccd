"""The built-in sections of a report, one module each."""
