"""The gRPC door: SessionService, CapsuleService, health and reflection."""
