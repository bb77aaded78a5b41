"""How long a demonstration of Chapter 1 trains on the bundled collections: minutes, not the studies' 1,000 epochs."""

MAX_EPOCHS = {"off-the-shelf": 30, "fine-tuning": 8, "scratch": 8}
"""Of each approach."""
