"""Sessions recorded, and rendered again as they were shown."""
