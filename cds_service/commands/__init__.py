"""The commands of `cds-service`, but for those that start it: a module for each group, over a folder or a card log."""
