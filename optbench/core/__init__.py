"""What every other package may import: contracts, numerical kernels, hyper-parameters, seeds, specs and errors."""
