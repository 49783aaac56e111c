"""How a server is watched: figures, traces, dashboards' routes."""
