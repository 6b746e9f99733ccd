"""For authors of plugins: a template, checks of the contract, and the test problems that the checks use."""
