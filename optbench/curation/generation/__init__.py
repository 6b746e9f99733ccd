"""Generating question-answer pairs with a local language model through Ollama, each with all that determined it."""
