"""Flat shapes, shared features and background patterns for drawn portraits.

Everything is in units of a 512 × 512 square, and nothing is left to chance: the
same layers give the same picture.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from PIL import Image, ImageChops, ImageDraw

SIDE: Final = 512
SCALE: Final = 4  # Drawn larger and reduced, so that edges are smooth.
COLOURS: Final = 192  # Flat pictures need few; it keeps each file small.
INK: Final = "#2a2735"
# Light falls from the upper left: shade is the rim that a shape hides from it.
SHADE_COLOUR: Final = "#1d1838"
SHADE_OFFSET: Final = (-17, -12)

Point = tuple[float, float]
Path = str | Iterable[Point]


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One flat shape.

    ``shape`` is oval or box (``points`` are two opposite corners), blob (a smooth
    closed outline), poly (straight sides) or line (a smooth open stroke of
    ``width``). ``width`` rounds the corners of box and poly. ``mirror`` repeats
    the shape across the middle; ``keep`` makes it the stencil of the later layers
    that are ``within``.
    """

    shape: str
    colour: str
    points: tuple[Point, ...]
    width: float = 0
    shade: float = 0
    opacity: float = 1
    mirror: bool = False
    keep: bool = False
    within: bool = False


@dataclass(frozen=True, kw_only=True)
class Portrait:
    """A ground colour, its pattern, a disc behind the head, and the layers."""

    ground: str
    pattern: Sequence[Layer]
    disc: str
    layers: Sequence[Layer]


# --- Shapes ---------------------------------------------------------------------


def _points(path: Path) -> tuple[Point, ...]:
    """Read ``"10,20 30,40"`` or any iterable of pairs."""
    if not isinstance(path, str):
        return tuple(path)
    pairs = (pair.split(",") for pair in path.split())
    return tuple((float(x), float(y)) for x, y in pairs)


def oval(colour: str, x: float, y: float, rx: float, ry: float, **more: Any) -> Layer:
    corners = ((x - rx, y - ry), (x + rx, y + ry))
    return Layer(shape="oval", colour=colour, points=corners, **more)


def box(colour: str, corners: str, **more: Any) -> Layer:
    return Layer(shape="box", colour=colour, points=_points(corners), **more)


def blob(colour: str, path: Path, **more: Any) -> Layer:
    return Layer(shape="blob", colour=colour, points=_points(path), **more)


def poly(colour: str, path: Path, **more: Any) -> Layer:
    return Layer(shape="poly", colour=colour, points=_points(path), **more)


def line(colour: str, width: float, path: Path, **more: Any) -> Layer:
    points = _points(path)
    return Layer(shape="line", colour=colour, points=points, width=width, **more)


def ring(colour: str, x: float, y: float, rx: float, ry: float, width: float) -> Layer:
    turns = (math.tau * step / 24 for step in range(25))
    rim = ((x + rx * math.cos(t), y + ry * math.sin(t)) for t in turns)
    return line(colour, width, rim)


# --- Features that several portraits share --------------------------------------


def bust(colour: str, *, top: float = 396, half: float = 176) -> Layer:
    """Shoulders that leave the square at the bottom."""
    right = (
        (half * 0.45, top),
        (half * 0.86, top + 44),
        (half * 1.04, 540.0),
    )
    outline = [(256 + x, y) for x, y in right]
    outline += [(256 - x, y) for x, y in reversed(right)]
    return blob(colour, outline, shade=0.13, keep=True)


def dot_eyes(*, y: float, gap: float = 46, size: float = 11) -> list[Layer]:
    """Ink ovals, each with a glint on the side of the light."""
    eyes = [oval(INK, 256 - gap, y, size, size * 1.2, mirror=True)]
    glint = size * 0.34
    for x in (256 - gap, 256 + gap):
        eyes += [oval("#ffffff", x - size * 0.3, y - size * 0.42, glint, glint)]
    return eyes


def wide_eyes(*, y: float, gap: float, size: float, iris: str) -> list[Layer]:
    eyes = [
        oval("#ffffff", 256 - gap, y, size, size * 1.1, mirror=True),
        oval(iris, 256 - gap, y + 2, size * 0.66, size * 0.72, mirror=True),
        oval(INK, 256 - gap, y + 2, size * 0.4, size * 0.44, mirror=True),
    ]
    for x in (256 - gap, 256 + gap):
        glint = size * 0.22
        eyes.append(oval("#ffffff", x - size * 0.22, y - size * 0.24, glint, glint))
    return eyes


def arc_eyes(*, y: float, gap: float, bend: float) -> list[Layer]:
    """Closed eyes: ``bend`` above zero sleeps, below it laughs."""
    x = 256 - gap
    return [line(INK, 6, ((x - 19, y), (x, y + bend), (x + 19, y)), mirror=True)]


def brows(colour: str, *, y: float, gap: float = 46, tilt: float = 0) -> Layer:
    x = 256 - gap
    arch = ((x - 22, y + 5 + tilt), (x, y - 3), (x + 20, y + 3 - tilt))
    return line(colour, 9, arch, mirror=True)


def smile(colour: str, *, y: float, half: float = 26, depth: float = 14) -> Layer:
    return line(colour, 6, ((256 - half, y), (256, y + depth), (256 + half, y)))


def grin(*, y: float, half: float, depth: float) -> list[Layer]:
    """An open mouth with upper teeth and a tongue."""
    low = y + depth * 0.72
    outline = (
        (256 - half, y),
        (256, y + depth * 0.08),
        (256 + half, y),
        (256 + half * 0.66, low),
        (256, y + depth),
        (256 - half * 0.66, low),
    )
    teeth = f"{256 - half * 0.8},{y - depth} {256 + half * 0.8},{y + depth * 0.3}"
    return [
        blob("#5a2233", outline, keep=True),
        oval("#e2677a", 256, y + depth, half * 0.6, depth * 0.4, within=True),
        box("#ffffff", teeth, width=6, within=True),
    ]


def cheeks(colour: str, *, y: float, gap: float = 70, size: float = 20) -> Layer:
    return oval(colour, 256 - gap, y, size, size * 0.75, mirror=True, opacity=0.5)


def glasses(colour: str, *, y: float, gap: float, rx: float, ry: float) -> list[Layer]:
    inner, outer = 256 - gap + rx, 256 - gap - rx
    return [
        oval("#ffffff", 256 - gap, y, rx, ry, mirror=True, opacity=0.3),
        ring(colour, 256 - gap, y, rx, ry, 6),
        ring(colour, 256 + gap, y, rx, ry, 6),
        line(colour, 6, ((inner, y - 4), (256, y - 11), (512 - inner, y - 4))),
        line(colour, 6, ((outer, y - 6), (outer - 24, y - 14)), mirror=True),
    ]


# --- Patterns of the ground -----------------------------------------------------


def _grid(step: int) -> Iterator[Point]:
    """Every other row is shifted by half a step."""
    for row in range(SIDE // step + 2):
        for column in range(-1, SIDE // step + 2):
            yield (column + row % 2 / 2) * step, float(row * step)


def _star(x: float, y: float, *, tips: int, outer: float, inner: float) -> list[Point]:
    radii = [outer, inner] * tips
    turns = [math.tau * k / len(radii) - math.pi / 2 for k in range(len(radii))]
    return [
        (x + r * math.cos(t), y + r * math.sin(t))
        for r, t in zip(radii, turns, strict=True)
    ]


def dots(colour: str, *, step: int, size: float) -> list[Layer]:
    return [oval(colour, x, y, size, size) for x, y in _grid(step)]


def sparkles(colour: str, *, step: int) -> list[Layer]:
    sizes = (14, 7, 10)
    return [
        poly(colour, _star(x, y, tips=4, outer=sizes[i % 3], inner=sizes[i % 3] / 3))
        for i, (x, y) in enumerate(_grid(step))
    ]


def cogs(colour: str, ground: str, *, step: int) -> list[Layer]:
    layers = []
    for x, y in _grid(step):
        layers.append(poly(colour, _star(x, y, tips=8, outer=34, inner=20), width=7))
        layers += [oval(colour, x, y, 25, 25), oval(ground, x, y, 11, 11)]
    return layers


def rays(colour: str, *, count: int, y: float) -> list[Layer]:
    layers = []
    for index in range(count):
        turn, half = math.tau * index / count, math.tau / count / 4
        edges = (turn - half, turn + half)
        far = [(256 + 480 * math.cos(t), y + 480 * math.sin(t)) for t in edges]
        layers.append(poly(colour, [(256, y), *far]))
    return layers


def rain(colour: str, *, step: int) -> list[Layer]:
    return [line(colour, 5, ((x, y), (x - 9, y + 24))) for x, y in _grid(step)]


def stamp(colour: str, outline: str, *, step: int, smooth: bool) -> list[Layer]:
    """Repeat one small outline, given around 0,0."""
    draw = blob if smooth else poly
    shape = _points(outline)
    return [
        draw(colour, [(x + dx, y + dy) for dx, dy in shape], width=3)
        for x, y in _grid(step)
    ]


def books(colours: Sequence[str], *, shelf: str) -> list[Layer]:
    """Three shelves of spines."""
    layers = []
    widths = (34, 26, 42, 30, 22, 38)
    for row, floor in enumerate((150, 320, 490)):
        x, index = -6 - 17 * row, row
        while x < SIDE:
            wide, tall = widths[index % len(widths)], 104 + index * 37 % 34
            corners = f"{x},{floor - tall} {x + wide - 4},{floor}"
            layers.append(box(colours[index % len(colours)], corners, width=4))
            x, index = x + wide, index + 1
        layers.append(box(shelf, f"-10,{floor} {SIDE + 10},{floor + 12}"))
    return layers


# --- Drawing --------------------------------------------------------------------


def _smooth(points: Sequence[Point], *, closed: bool) -> list[Point]:
    """A Catmull-Rom curve through all points."""
    count = len(points)
    if count < 3:
        return list(points)
    curve: list[Point] = []
    for i in range(count if closed else count - 1):
        near = (i - 1, i, i + 1, i + 2)
        a, b, c, d = (
            points[k % count if closed else min(max(k, 0), count - 1)] for k in near
        )
        for step in range(20):
            t = step / 20
            curve.append(
                (
                    _cubic(a[0], b[0], c[0], d[0], t=t),
                    _cubic(a[1], b[1], c[1], d[1], t=t),
                )
            )
    return curve if closed else [*curve, points[-1]]


def _cubic(a: float, b: float, c: float, d: float, *, t: float) -> float:
    linear, square = c - a, 2 * a - 5 * b + 4 * c - d
    return b + 0.5 * t * (linear + t * (square + t * (3 * (b - c) + d - a)))


def _stroke(
    draw: ImageDraw.ImageDraw, points: Sequence[Point], *, width: float
) -> None:
    """A line with round joints and ends, from overlapping discs and segments."""
    draw.line(points, fill=255, width=round(width))
    for x, y in points:
        r = width / 2
        draw.ellipse((x - r, y - r, x + r, y + r), fill=255)


def _mask(layer: Layer, *, shift: Point = (0, 0)) -> Image.Image:
    """Where the layer is, 0 or 255; ``shift`` moves it, its mirror image too."""
    mask = Image.new("L", (SIDE * SCALE, SIDE * SCALE))
    draw = ImageDraw.Draw(mask)
    dx, dy = shift
    _trace(draw, layer, [(x + dx, y + dy) for x, y in layer.points])
    if layer.mirror:
        _trace(draw, layer, [(SIDE - x + dx, y + dy) for x, y in layer.points])
    return mask


def _trace(draw: ImageDraw.ImageDraw, layer: Layer, outline: Sequence[Point]) -> None:
    points = [(x * SCALE, y * SCALE) for x, y in outline]
    width = layer.width * SCALE
    if layer.shape in {"oval", "box"}:
        (x0, x1), (y0, y1) = (sorted(axis) for axis in zip(*points, strict=True))
        if layer.shape == "oval":
            draw.ellipse((x0, y0, x1, y1), fill=255)
        else:
            draw.rounded_rectangle((x0, y0, x1, y1), radius=width, fill=255)
    elif layer.shape == "line":
        _stroke(draw, _smooth(points, closed=False), width=width)
    elif layer.shape == "blob":
        draw.polygon(_smooth(points, closed=True), fill=255)
    else:
        draw.polygon(points, fill=255)
        if width:
            _stroke(draw, [*points, points[0]], width=width)


def paint(portrait: Portrait) -> Image.Image:
    """Draw all layers and reduce to 512 × 512 with few colours."""
    size = (SIDE * SCALE, SIDE * SCALE)
    picture = Image.new("RGB", size, portrait.ground)
    stencil = Image.new("L", size, 255)
    disc = oval(portrait.disc, 256, 262, 196, 196)
    for layer in [*portrait.pattern, disc, *portrait.layers]:
        mask = _mask(layer)
        if layer.within:
            mask = ImageChops.multiply(mask, stencil)
        if layer.keep:
            stencil = mask
        solid = mask.point([round(v * layer.opacity) for v in range(256)])
        picture.paste(layer.colour, mask=solid)
        if layer.shade:
            dark = ImageChops.subtract(mask, _mask(layer, shift=SHADE_OFFSET))
            dark = dark.point([round(v * layer.shade) for v in range(256)])
            picture.paste(SHADE_COLOUR, mask=dark)
    small = picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    return small.quantize(COLOURS, dither=Image.Dither.NONE)
