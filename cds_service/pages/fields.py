"""The fields of a form, and the sites of its errors: what `form` and `error_summary` of the components draw.

The state of a form is in the URL, so that a page can be kept as a bookmark and handed on; nothing is stored.
"""

from typing import Literal, NamedTuple


class Option(NamedTuple):
    """A choice of a field.

    Attributes:
        value: as it stands in the URL.
        words: as a person reads it.
        group: the heading under which it stands in a list; empty for none.
    """

    value: str
    words: str
    group: str = ""


class Field(NamedTuple):
    """One field of a form.

    Attributes:
        name: its name in the URL, and the id of the element that an error leads to.
        label: what is asked.
        kind: `select`, `radios`, `checkboxes`, `date`, `text` or `hidden`.
        options: what can be chosen, for the first three kinds.
        values: what is chosen or typed now; checkboxes may have several, every other kind has one at most.
        hint: help under the label.
        error: what is wrong, and how to mend it; None when nothing is.
        wide: whether it needs a line of its own, for options that are long.
    """

    name: str
    label: str
    kind: Literal["select", "radios", "checkboxes", "date", "text", "hidden"] = "select"
    options: tuple[Option, ...] = ()
    values: tuple[str, ...] = ()
    hint: str | None = None
    error: str | None = None
    wide: bool = False

    @property
    def value(self) -> str:
        """The one value; empty when there is none."""
        return self.values[0] if self.values else ""

    @property
    def groups(self) -> list[tuple[str, list[Option]]]:
        """The options under their headings, in the order in which each heading first stands."""
        grouped: dict[str, list[Option]] = {}
        for option in self.options:
            grouped.setdefault(option.group, []).append(option)
        return list(grouped.items())
