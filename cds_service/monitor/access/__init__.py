"""Who may see what of the monitor: sign-in, roles bound to footprints, sessions, API tokens, and the access log.

Default deny: a page exists only as a `GuardedPage`, which names the permission that it needs (`guard`).
"""
