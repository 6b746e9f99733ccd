"""The kit for those who write plugins: a template to begin with, and checks that hold a plugin against the contract."""
