"""The routes, one module per resource: a request becomes a call of a step, and what comes back becomes JSON."""
