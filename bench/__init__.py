"""Figures as ratios: each benchmark runs its peers in the same sitting."""
