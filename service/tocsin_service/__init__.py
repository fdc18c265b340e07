"""The service around the model: HTTP, command line, pages."""
