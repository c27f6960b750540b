"""What stands around the content of a page, given by the room that shows it."""

from typing import NamedTuple


class Link(NamedTuple):
    """A link.

    Attributes:
        words: what it says.
        address: where it leads, from the root of the service, with its query if it has one.
    """

    words: str
    address: str


class Frame(NamedTuple):
    """Header, navigation and footer, the same on every page of a site.

    Attributes:
        product: the product's name, as text; there is no logo.
        home: where the name leads.
        navigation: the site's pages, in order.
        notice: what no reader may overlook on any page, for example that the data is invented.
        footer: links at the foot.
        closing: the sentence at the foot.
    """

    product: str
    home: str
    navigation: tuple[Link, ...] = ()
    notice: str | None = None
    footer: tuple[Link, ...] = ()
    closing: str = "This service advises; the clinician decides."
