"""A newsroom on loopback: four invented outlets, for a first look and for the tests that run whole days."""
