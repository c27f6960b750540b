"""What an ICB watches: the figures of the card log, held to the rules of disclosure, with charts and words for them."""
