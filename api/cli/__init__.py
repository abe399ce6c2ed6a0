"""The command line of design.md, section 7: one module per group of commands."""

from api.cli import demo, jobs, operate, papers, read, serve, signatures
from api.cli.app import app, main, run

__all__ = ["app", "demo", "jobs", "main", "operate", "papers", "read", "run", "serve", "signatures"]
