"""What Presswatch fetches, and the programs that run."""
