"""The command line of design.md, section 7: one module per group of commands."""

from api.cli import (
    delegations,
    demo,
    jobs,
    objects,
    operate,
    owners,
    papers,
    people,
    read,
    serve,
    signatures,
    webhooks,
)
from api.cli.app import app, main, run

__all__ = [
    "app",
    "delegations",
    "demo",
    "jobs",
    "main",
    "objects",
    "operate",
    "owners",
    "papers",
    "people",
    "read",
    "run",
    "serve",
    "signatures",
    "webhooks",
]
