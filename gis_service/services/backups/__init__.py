"""Copies of everything: made, put back, proven, kept and thrown away."""
