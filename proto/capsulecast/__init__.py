"""The contract of capsulecast, generated from the .proto files beside this."""
