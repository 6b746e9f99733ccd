"""Benchmarks for asv. Parameters are written out, never read from the registry, so that each one's history stays whole."""
