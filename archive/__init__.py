"""What Presswatch knows, and how to ask it: tables, matching, search, the researchers' pages."""
