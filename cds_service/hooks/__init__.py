"""The routes: discovery, the service call, feedback, health and pathway pages."""
