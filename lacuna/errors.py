"""What a user of the command can mend."""


class UserError(Exception):
    """One sentence that says what is wrong and what to do; exit status 2."""
