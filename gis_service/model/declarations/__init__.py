"""The declarations of the collections, by subject; `model.collections` gathers them."""
