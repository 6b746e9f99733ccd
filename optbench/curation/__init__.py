"""Creating datasets: importing, splitting, encoding, measuring, quality rules, data card, Croissant file, generation."""
