"""Lines of the checklists that no test here can prove, with the reason."""

ELSEWHERE: dict[str, str] = {}
