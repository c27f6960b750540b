"""The pages of figures, one module each: what a page says first, and the panels below."""
