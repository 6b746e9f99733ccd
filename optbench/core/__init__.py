"""The lowest layer: contracts, numerical kernels, hyper-parameters, random streams, specs, metrics and errors."""
