"""The brain and its doors: events to ID packets, over gRPC, HTTP and data channels."""
