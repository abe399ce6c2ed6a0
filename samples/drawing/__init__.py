"""Draws synthetic Vietnamese official papers together with the exact text that stands on them."""
