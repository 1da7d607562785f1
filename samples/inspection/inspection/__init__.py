"""Watches a folder and judges the pictures that come into it, over Mirra's Python package."""
