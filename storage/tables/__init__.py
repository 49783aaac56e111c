"""The tables, a module a subject; `storage.models` has them all."""
