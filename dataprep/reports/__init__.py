"""The report page of a build, and its charts."""
