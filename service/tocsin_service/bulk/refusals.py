"""Why a run is not gone on with."""


class Refused(ValueError):
    """An error that running the same command again with ``--resume`` can't mend; its message says what does."""
