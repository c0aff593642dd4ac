"""What the user may have meant."""
from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, valid: Iterable[str]) -> str:
    """The valid name that looks most like ``name``; an empty string if there is none."""
    valid = {candidate.lower(): candidate for candidate in valid}
    found = get_close_matches(name.lower(), valid, n=1, cutoff=0.0)
    return valid[found[0]] if found else ''
