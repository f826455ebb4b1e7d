"""What people get to hear: subscriptions, digests, delivery."""
