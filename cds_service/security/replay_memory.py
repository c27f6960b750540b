"""The tokens that one worker has seen, each for as long as it lives."""

from collections import defaultdict


class SeenTokens:
    """The tokens that this worker has seen and that are still alive; about 150 bytes for each."""

    def __init__(self) -> None:
        self._expiry_of: dict[bytes, int] = {}
        self._due: defaultdict[int, list[bytes]] = defaultdict(list)
        self.forget_at = 0.0
        """When `forget` is worth its while again, in seconds since 1970."""

    def add(self, token_hash: bytes, expires_at: int, now: float) -> bool:
        """Remember a token; False when it is known and alive.

        Args:
            token_hash: what it is known by.
            expires_at: the second (since 1970) from which it is no longer good.
            now: seconds since 1970.
        """
        if self._expiry_of.get(token_hash, 0) > now:
            return False
        self._expiry_of[token_hash] = expires_at
        self._due[expires_at].append(token_hash)
        return True

    def forget(self, now: float) -> list[bytes]:
        """Drop the tokens whose life is over, and name them; what it costs is spread over the seconds of expiry."""
        self.forget_at = now + 1
        over = [second for second in self._due if second <= now]
        forgotten = []
        for second in over:
            for token_hash in self._due.pop(second):
                # Not when it was used anew, with a later expiry.
                if self._expiry_of.get(token_hash) == second:
                    del self._expiry_of[token_hash]
                    forgotten.append(token_hash)
        return forgotten
