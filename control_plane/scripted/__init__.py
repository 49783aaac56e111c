"""Conversations played from a script, in virtual time: the same script gives the same film."""
