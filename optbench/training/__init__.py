"""One job in, one result out: what a worker computes. It knows no store, registry, plan or file."""
