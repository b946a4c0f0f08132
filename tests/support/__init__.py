"""What several suites share: real servers, and a small service to try the machinery with."""
