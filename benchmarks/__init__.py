"""Benchmarks that measure the budgets and enforce them."""
