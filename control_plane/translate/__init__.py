"""Protobuf messages and proto3 JSON to plain records and back; validation at the edge.

Both doors, gRPC and HTTP with its data channels, read and write through here, so that they take
the same events, refuse the same ones in the same words, and say the same things.
"""
