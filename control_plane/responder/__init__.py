"""Where the avatar's own words come from."""
