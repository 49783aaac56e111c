"""Live sessions: one viewer's avatar each, with brain, body and subscribers."""
