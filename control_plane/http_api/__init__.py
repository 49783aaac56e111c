"""The HTTP door: the page, the API in proto3 JSON, its description."""
