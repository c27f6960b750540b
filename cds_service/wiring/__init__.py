"""From settings and a configuration folder to the parts of a running service, a module for each."""
