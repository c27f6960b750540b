"""CDS Hooks 2.0 messages with the 3.0 additions, and OperationOutcome."""
