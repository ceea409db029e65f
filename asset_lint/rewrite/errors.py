"""Why there is no fix."""


class Impossible(Exception):
    """What a rule asked for can't be done here; caught by :class:`Rewrite`, whose fix is then None."""
