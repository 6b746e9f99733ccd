"""Question-answer pairs by a local language model through Ollama, each with all that made it."""
