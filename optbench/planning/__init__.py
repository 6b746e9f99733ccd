"""From a selection to jobs: selectors, configuration files, the catalogue of components, and the digest of their source."""
