import re

import pytest

from cds_service.pages.style_sheet import style_sheet, style_sheet_address
from tests.conftest import InProcess

STYLE = style_sheet().decode()
COLOURS = dict(re.findall(r"--(\w+): (#[0-9a-f]{3,6})\b", STYLE.partition("}")[0]))


def contrast(one: str, other: str) -> float:
    """The contrast of two colours (WCAG 2.2, "contrast ratio")."""
    lights = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lights[0] + 0.05) / (lights[1] + 0.05)


def _luminance(colour: str) -> float:
    digits = colour.removeprefix("#")
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_style_sheet_may_be_kept_for_good(service: InProcess) -> None:
    """Its address names its content."""
    response = service.send("GET", style_sheet_address())

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/css; charset=utf-8"
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.content == style_sheet()


def test_another_content_is_not_found(service: InProcess) -> None:
    """A page of before an update does not get the style of after it under the old name."""
    assert service.send("GET", "/static/pages.0000000000000000.css").status_code == 404


def test_the_style_sheet_loads_nothing() -> None:
    """No font, no picture, no other sheet."""
    assert re.findall(r"@import|@font-face|url\(", STYLE) == []


@pytest.mark.parametrize("colour", ["ink", "soft", "blue", "deep", "red", "green", "purple", "amber"])
@pytest.mark.parametrize("ground", ["paper", "ground"])
def test_words_can_be_read_on_their_ground(colour: str, ground: str) -> None:
    """4.5 to 1 at least (WCAG 2.2, 1.4.3)."""
    assert contrast(COLOURS[colour], COLOURS[ground]) >= 4.5


def test_focus_can_be_seen() -> None:
    """Dark on the yellow, and the dark line on the page (WCAG 2.2, 2.4.7, 1.4.11)."""
    assert contrast(COLOURS["ink"], COLOURS["focus"]) >= 4.5
    assert contrast(COLOURS["ink"], COLOURS["paper"]) >= 3


def test_no_text_is_smaller_than_16_pixels() -> None:
    """On screens; sizes follow the reader's own."""
    screen = STYLE.partition("@media print")[0]
    sizes = [float(size) for size in re.findall(r"font(?:-size)?: ([\d.]+)rem", screen)]

    assert sizes != []
    assert min(sizes) >= 1
    assert "px;" not in "".join(re.findall(r"font-size:[^;}]*", screen))
