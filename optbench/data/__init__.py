"""Reading datasets with their integrity checked, and turning them into the numbers that a network sees."""
