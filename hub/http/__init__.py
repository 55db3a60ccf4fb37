"""The HTTP server: uvicorn, with deadlines, limits and an orderly end."""
