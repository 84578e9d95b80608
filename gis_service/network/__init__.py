"""The network as a graph, and what planners and technicians ask of it."""
