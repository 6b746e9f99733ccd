"""Pure functions from results to numbers: arrays and frames in, frames out."""
