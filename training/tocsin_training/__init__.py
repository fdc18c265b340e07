"""Trains and evaluates the model; imports ``tocsin_model``, never ``tocsin_service``."""
