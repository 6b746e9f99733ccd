"""The search for hyper-parameters, and the targets that tuned baselines make: both use `Experiment` as a command does."""
