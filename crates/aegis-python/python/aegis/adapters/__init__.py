"""Adapters: the frameworks that agents are written in, on the one gate."""
