"""Datasets: reading them with every check, making them from files, and turning them into the matrix that a network sees."""
