"""What tests run against: real servers of their own, a sink that is the oracle, and a fixed cast of people."""
