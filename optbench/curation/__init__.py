"""Making datasets: importing, freezing, splitting, quality rules, baselines, data card, encoding, generation."""
