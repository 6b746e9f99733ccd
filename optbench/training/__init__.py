"""From a job to its result: the code of a worker, without store, registry, plan or files."""
