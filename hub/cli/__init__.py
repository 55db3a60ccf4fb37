"""The `clonvo` command: one module per subject, each importing what it needs when it runs."""

from hub.cli.root import clonvo, main

__all__ = ["clonvo", "main"]
