"""Running jobs: worker processes, executors and the estimate of their duration."""
