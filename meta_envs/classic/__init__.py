"""Gymnasium's classic control with random constants, in native batches."""
