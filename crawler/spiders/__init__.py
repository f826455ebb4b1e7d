"""One crawl, one spider, a callback for each kind of task."""
