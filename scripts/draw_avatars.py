"""Draw the portraits of the sample cast.

Run by hand from the project's root after changing a portrait; names of
characters limit it to these::

    python scripts/draw_avatars.py [character_id ...]

``PORTRAITS`` is the whole description: for each character a ground, a pattern,
a disc, and the layers from back to front.
"""

import base64
import io
import json
import sys
from pathlib import Path
from typing import Final

from avatar_shapes import (
    INK,
    Portrait,
    arc_eyes,
    blob,
    books,
    box,
    brows,
    bust,
    cheeks,
    cogs,
    dot_eyes,
    dots,
    glasses,
    grin,
    line,
    oval,
    paint,
    poly,
    rain,
    rays,
    ring,
    smile,
    sparkles,
    stamp,
    wide_eyes,
)
from PIL import Image

CHARACTERS: Final = (
    Path(__file__).resolve().parent.parent / "personas" / "sample_cast" / "characters"
)
LEAF: Final = "-14,16 -10,-8 14,-16 10,8"
BOLT: Final = "8,-36 -18,6 -2,6 -10,38 18,-8 2,-8"
LOZENGE: Final = "0,-26 18,0 0,26 -18,0"
ROPE: Final = "-16,10 0,-6 16,10 16,2 0,-16 -16,2"
SPROUT: Final = "0,18 -4,0 -20,-10 -2,-8 0,-20 2,-8 20,-10 4,0"

# A table: one shape to a row.
# fmt: off
PORTRAITS: Final = {
    "barnaby_wick": Portrait(
        ground="#25576b",
        pattern=rays("#2f6c80", count=12, y=262),
        disc="#f3cf7a",
        layers=[
            bust("#ece2cb", half=182),
            *(
                line("#d8cbaa", 5, f"{x},384 {x + (x - 256) // 5},540", within=True)
                for x in range(86, 440, 34)
            ),
            box("#f4ecd9", "186,352 326,428", width=26, shade=0.1),
            *(line("#d8cbaa", 5, f"{x},368 {x},418") for x in range(206, 320, 20)),
            oval("#dfa27f", 160, 258, 20, 28, mirror=True),
            blob(
                "#f0bd97",
                "256,136 338,172 352,262 328,340 256,372 184,340 160,262 174,172",
                shade=0.1,
            ),
            blob(
                "#f7f3ea",
                "158,256 178,296 222,300 256,292 290,300 334,296 354,256 350,334 "
                "318,388 256,412 194,388 162,334", shade=0.09,
            ),
            smile("#8a4a3c", y=330, half=22, depth=9),
            blob(
                "#ffffff",
                "256,296 300,290 330,320 296,328 256,314 216,328 182,320 212,290",
            ),
            oval("#e39c78", 256, 278, 25, 21, shade=0.12),
            cheeks("#e58a72", y=284, gap=66, size=19),
            *dot_eyes(y=240, gap=44, size=10),
            *glasses("#463a37", y=246, gap=45, rx=35, ry=31),
            line("#f7f3ea", 13, "188,204 212,192 236,202", mirror=True),
            blob(
                "#1e3346",
                "160,182 168,112 216,82 256,78 296,82 344,112 352,182 256,160",
                shade=0.16,
            ),
            poly(
                "#16283a", "168,174 256,154 344,174 356,196 256,178 156,196", width=14,
            ),
            oval("#f3cf7a", 256, 128, 20, 20),
            poly("#1e3346", "248,140 251,120 261,120 264,140", width=3),
            oval("#1e3346", 256, 115, 5, 5),
        ],
    ),
    "page": Portrait(
        ground="#4b4470",
        pattern=books(["#554d7e", "#5e5689", "#514979"], shelf="#423b63"),
        disc="#8d86ba",
        layers=[
            oval("#9fc4e0", 256, 92, 46, 42, shade=0.1),
            line("#f2b84b", 11, "196,114 322,66"),
            poly("#f3d9b5", "316,68 322,66 334,61 318,74", width=4),
            blob(
                "#d3e8f6",
                "174,412 256,384 338,412 392,470 404,506 372,486 344,512 312,484 "
                "284,510 256,486 228,510 200,484 168,512 140,486 108,506 120,470",
                shade=0.13,
            ),
            poly(
                "#eef7fc", "206,350 306,350 318,414 256,438 194,414", width=12,
                shade=0.1,
            ),
            *(oval("#a6c8e2", 256, y, 6, 6) for y in (456, 480)),
            poly("#c9def0", "214,396 256,412 214,430", width=10, mirror=True),
            oval("#8fb6d6", 256, 412, 11, 11),
            blob(
                "#dcecf8",
                "256,140 330,168 344,250 322,330 256,366 190,330 168,250 182,168",
                shade=0.1,
            ),
            blob(
                "#b4d3ea",
                "256,112 324,130 354,196 350,262 338,214 300,178 256,166 212,178 "
                "174,214 162,262 158,196 188,130", shade=0.1,
            ),
            line("#9fc4e0", 5, "256,116 252,140 256,166"),
            line("#9fc4e0", 5, "214,126 192,152 176,200", mirror=True),
            brows("#8fb2cd", y=218, gap=44, tilt=2),
            *dot_eyes(y=256, gap=44, size=10),
            *glasses("#56508a", y=256, gap=45, rx=33, ry=27),
            line("#a9c6de", 6, "256,266 248,290 260,294"),
            smile("#5b5f92", y=320, half=24, depth=13),
            cheeks("#b9a7e0", y=298, gap=62, size=19),
        ],
    ),
    "pip": Portrait(
        ground="#f2b632",
        pattern=dots("#f7c654", step=58, size=12),
        disc="#ffe7a3",
        layers=[
            line("#ffffff", 16, "414,196 434,168 414,140 436,108", opacity=0.85),
            blob(
                "#9aa7b5", "168,402 256,392 344,402 372,470 376,540 136,540 140,470",
                shade=0.16,
            ),
            line("#9aa7b5", 30, "150,436 104,462 92,520", mirror=True),
            line("#7f8d9c", 30, "98,494 92,530", mirror=True),
            box("#e9eef3", "196,430 316,498", width=14),
            line("#d0574a", 9, "216,484 216,446 232,446 238,456 232,466 218,466"),
            line("#d0574a", 9, "256,446 256,484"),
            line("#d0574a", 9, "278,484 278,446 294,446 300,456 294,466 280,466"),
            line("#3b3540", 20, "158,170 168,76 256,46 344,76 354,170"),
            line("#5a5260", 6, "162,150 172,84 256,54"),
            poly(
                "#b8652f", "352,318 416,232 400,212 444,196 446,246 430,240 372,362",
                width=12, shade=0.14,
            ),
            blob(
                "#d57f42",
                "256,142 344,168 392,262 378,346 322,398 190,398 134,346 120,262 "
                "168,168", shade=0.15, keep=True,
            ),
            blob(
                "#e9a066", "176,184 152,232 150,290 164,300 176,244 206,188",
                within=True,
            ),
            box("#b8652f", "110,372 402,404", width=0, within=True),
            blob(
                "#c0703a", "168,178 256,154 344,178 330,142 256,124 182,142",
                shade=0.12,
            ),
            oval("#3b3540", 256, 118, 20, 16),
            *wide_eyes(y=268, gap=54, size=37, iris="#3f8fa8"),
            *grin(y=322, half=40, depth=38),
            cheeks("#f26d5b", y=324, gap=92, size=20),
        ],
    ),
    "pippa": Portrait(
        ground="#2fa39a",
        pattern=cogs("#3bb0a6", "#2fa39a", step=116),
        disc="#bfeadb",
        layers=[
            oval("#3a2420", 142, 176, 78, 76, shade=0.2),
            oval("#3a2420", 370, 176, 78, 76, shade=0.2),
            *(
                oval("#4d322b", x, y, 15, 13)
                for x, y in (
                    (112, 150), (150, 138), (120, 194), (344, 146), (384, 160),
                    (362, 190),
                )
            ),
            bust("#f4f0e6", half=160),
            *(
                box("#e2574c", f"40,{y} 472,{y + 16}", within=True)
                for y in (404, 436, 468, 500)
            ),
            box("#9a6140", "224,340 288,410", width=20),
            poly("#f0b429", "196,470 316,470 340,540 172,540", width=14),
            line("#f0b429", 26, "204,480 182,408", mirror=True),
            oval("#ffffff", 202, 478, 9, 9, mirror=True),
            oval("#a5683f", 164, 268, 18, 25, mirror=True),
            blob(
                "#b87a4d",
                "256,140 334,168 350,256 326,336 256,370 186,336 162,256 178,168",
                shade=0.12,
            ),
            blob(
                "#3a2420",
                "256,112 320,126 356,184 352,232 322,186 256,172 190,186 160,232 "
                "156,184 192,126",
            ),
            line("#e2574c", 14, "184,168 168,192", mirror=True),
            *wide_eyes(y=262, gap=46, size=23, iris="#5a3825"),
            brows("#3a2420", y=222, gap=48, tilt=3),
            line("#955c37", 7, "244,288 256,296 268,288"),
            *grin(y=308, half=42, depth=36),
            line("#5a2233", 5, "256,308 256,320"),
            cheeks("#d9653f", y=300, gap=66, size=17),
            *(
                oval("#8f5631", x, y, 4, 4, mirror=True)
                for x, y in ((184, 284), (196, 294), (206, 282))
            ),
            line("#54463f", 13, "298,340 326,326", opacity=0.55),
            line("#41383a", 24, "160,192 200,168 256,160 312,168 352,192"),
            oval("#f0b429", 208, 164, 46, 44, mirror=True, shade=0.14),
            oval("#8fe0e8", 208, 164, 31, 30, mirror=True),
            line("#ffffff", 8, "192,168 208,148", mirror=False),
            line("#ffffff", 8, "288,168 304,148"),
        ],
    ),
    "nettie_crabapple": Portrait(
        ground="#5d7f4a",
        pattern=stamp("#6c8f57", LEAF, step=72, smooth=True),
        disc="#c9d99a",
        layers=[
            *(
                oval("#c3c3cb", x, y, r, r, mirror=True, shade=0.1)
                for x, y, r in (
                    (158, 230, 34), (144, 272, 36), (152, 318, 34), (178, 350, 28),
                )
            ),
            bust("#3f7c86", top=392, half=188),
            *(
                line(
                    "#54949d", 6,
                    f"60,{y} 118,{y - 24} 176,{y} 256,{y + 14} "
                    f"336,{y} 394,{y - 24} 452,{y}",
                    within=True,
                )
                for y in range(424, 580, 28)
            ),
            poly("#346a73", "170,402 256,474 342,402 300,384 212,384", width=10),
            box("#e5ab86", "222,340 290,412", width=20),
            oval("#f0a83c", 256, 452, 16, 16),
            blob(
                "#efbf9c",
                "256,158 338,184 362,264 336,344 256,378 176,344 150,264 174,184",
                shade=0.11,
            ),
            *(
                oval("#d4d4da", x, y, r, r, mirror=True)
                for x, y, r in ((180, 198, 26), (214, 188, 24))
            ),
            oval("#dedee3", 256, 186, 24, 20),
            *arc_eyes(y=266, gap=50, bend=-11),
            brows("#b0b0b8", y=232, gap=50, tilt=3),
            line("#d18f6d", 5, "156,268 168,276", mirror=True),
            line("#d18f6d", 5, "158,284 170,284", mirror=True),
            blob(
                "#e3a37f", "256,258 274,298 270,312 256,316 238,310 242,296", shade=0.1,
            ),
            cheeks("#e4685c", y=306, gap=74, size=27),
            smile("#8c3b3b", y=328, half=34, depth=18),
            line("#d18f6d", 5, "214,318 206,328 212,338", mirror=True),
            oval("#f0a83c", 140, 330, 9, 12, mirror=True),
            poly(
                "#4a3766", "188,182 232,78 224,40 284,16 338,36 288,52 296,96 326,182",
                width=16, shade=0.18,
            ),
            blob(
                "#4a3766", "72,196 256,150 440,196 400,214 256,190 112,214", shade=0.16,
            ),
            poly("#e0a437", "192,162 320,162 326,178 256,170 186,178", width=10),
            oval("#cf4638", 214, 152, 18, 17, shade=0.14),
            blob("#7fae4c", "222,136 244,122 256,132 238,142"),
        ],
    ),
    "shiome_sayo": Portrait(
        ground="#1f2a52",
        pattern=sparkles("#3a4881", step=84),
        disc="#f0a35a",
        layers=[
            blob(
                "#1d1a24",
                "256,128 340,160 362,250 356,338 330,372 182,372 156,338 150,250 "
                "172,160",
            ),
            bust("#2f4b8a", half=178),
            poly("#f2ead8", "206,388 306,388 268,474 244,474", width=10),
            line("#1f2f5e", 24, "206,386 232,430 268,480"),
            line("#3a5aa3", 24, "310,386 284,430 236,500"),
            box("#e3b18c", "226,338 286,406", width=20),
            blob(
                "#f1c6a2",
                "256,146 328,174 342,256 320,334 256,370 192,334 170,256 184,174",
                shade=0.1,
            ),
            blob(
                "#1d1a24",
                "256,176 214,190 178,236 164,270 166,196 206,150 256,146 306,150 "
                "346,196 348,270 334,236 298,190",
            ),
            blob(
                "#3f74c2",
                "150,214 166,132 214,92 256,84 298,92 346,132 362,214 320,172 256,158 "
                "192,172", shade=0.16, keep=True,
            ),
            *(
                oval("#ffffff", x, y, 8, 8, within=True)
                for x, y in (
                    (186, 150), (216, 120), (256, 106), (230, 154), (282, 152),
                    (298, 120), (328, 152), (350, 186), (162, 186),
                )
            ),
            poly(
                "#356199", "344,136 392,112 382,148 408,168 358,172", width=10,
                shade=0.15,
            ),
            *arc_eyes(y=258, gap=44, bend=9),
            brows("#1d1a24", y=228, gap=46, tilt=0),
            line("#d39c76", 6, "256,268 250,290 260,293"),
            smile("#a3473f", y=318, half=22, depth=11),
            cheeks("#e9806a", y=298, gap=60, size=19),
            *(
                line(
                    "#ffffff", 10, f"{x},424 {x - 12},400 {x + 8},376 {x - 4},352",
                    opacity=0.7,
                )
                for x in (158, 368)
            ),
            blob("#f6e3b0", "112,452 180,432 256,426 332,432 400,452 256,476"),
            *(
                line("#e3bd6a", 6, f"{x},446 {x + 26},438 {x + 52},448")
                for x in (144, 208, 270, 322)
            ),
            oval("#fdf3dc", 214, 440, 27, 15),
            oval("#f5a83a", 214, 440, 13, 8),
            *(
                oval("#5fa052", x, y, 7, 4)
                for x, y in ((278, 436), (300, 446), (262, 450), (322, 438))
            ),
            blob(
                "#c23b32", "96,450 256,470 416,450 396,520 344,560 168,560 116,520",
                shade=0.16,
            ),
            line("#f2ead8", 7, "112,486 180,500 256,504 332,500 400,486"),
        ],
    ),
    "bosun_klyosh": Portrait(
        ground="#7fb0be",
        pattern=stamp("#8fbdc9", ROPE, step=60, smooth=False),
        disc="#d9eef0",
        layers=[
            bust("#f5f5f1", half=168),
            *(
                line("#26406b", 17, f"40,{y} 256,{y + 16} 472,{y}", within=True)
                for y in (404, 440, 476, 512)
            ),
            poly(
                "#727c8b", "138,250 104,136 206,176", width=18, shade=0.1, mirror=True,
            ),
            poly("#d99a9d", "142,214 124,162 178,188", width=10, mirror=True),
            poly("#d9eef0", "102,178 128,176 106,196", width=2),
            blob(
                "#808a99",
                "256,166 336,182 384,256 372,330 316,378 256,388 196,378 140,330 "
                "128,256 176,182", shade=0.13, keep=True,
            ),
            *(
                line("#616a79", 15, path, within=True)
                for path in (
                    "120,270 152,276 176,290", "122,304 152,306 172,314",
                    "392,270 360,276 336,290", "390,304 360,306 340,314",
                )
            ),
            *(
                line("#616a79", 14, f"{x},196 {x},{y}", within=True)
                for x, y in ((232, 226), (256, 236), (280, 226))
            ),
            blob(
                "#f2f1ec",
                "256,294 300,300 318,334 296,362 256,368 216,362 194,334 212,300",
            ),
            *wide_eyes(y=270, gap=56, size=33, iris="#e6b93a"),
            box("#808a99", "158,226 244,262", mirror=True),
            line(INK, 7, "162,264 200,258 240,266", mirror=True),
            poly("#c9747a", "244,300 268,300 256,314", width=7),
            line(INK, 6, "256,316 254,332 234,342 220,334"),
            line(INK, 6, "256,316 258,332 278,342 292,334"),
            *(
                line("#ffffff", 4, path, mirror=True)
                for path in ("204,322 150,312 98,314", "204,334 152,338 104,352")
            ),
            line("#1c2b4a", 22, "346,176 392,214 398,286"),
            poly("#1c2b4a", "388,270 410,276 404,304 392,292 380,302", width=4),
            blob(
                "#f5f5f1",
                "148,132 190,78 270,58 344,76 376,120 340,142 256,146 186,158",
                shade=0.13,
            ),
            poly(
                "#1c2b4a", "168,148 256,130 350,124 356,164 256,172 178,190", width=12,
            ),
            ring("#f0c24b", 262, 152, 11, 11, 5),
            line("#f0c24b", 5, "222,160 236,157"),
            line("#f0c24b", 5, "288,150 312,147"),
        ],
    ),
    "augusta_gale": Portrait(
        ground="#414f86",
        pattern=[
            *rain("#4e5d98", step=60),
            *stamp("#55649f", BOLT, step=150, smooth=False),
        ],
        disc="#a9b4e0",
        layers=[
            blob(
                "#a8432f",
                "300,86 382,138 396,236 376,340 330,380 190,384 150,356 92,366 "
                "116,330 56,318 100,284 34,246 96,230 44,170 112,178 96,108 164,124 "
                "220,74", shade=0.16,
            ),
            line("#8e3524", 7, "62,250 120,256 164,236"),
            line("#8e3524", 7, "84,320 130,314 170,286"),
            line("#8e3524", 7, "72,182 128,196 172,186"),
            bust("#f3c53c", half=176),
            poly("#dca92a", "256,520 196,396 158,420 206,520", width=12, mirror=True),
            oval("#fff3c4", 256, 500, 10, 10),
            box("#cf8d66", "224,340 288,420", width=20),
            blob(
                "#e5a881",
                "256,136 330,164 346,250 324,336 256,376 188,336 166,250 182,164",
                shade=0.12,
            ),
            blob(
                "#bb4f37",
                "336,110 366,170 362,250 338,206 316,186 262,190 206,172 172,214 "
                "158,256 142,190 176,126 250,92", shade=0.1,
            ),
            blob("#e8e6ee", "300,96 268,132 214,152 170,196 158,180 192,130 250,98"),
            *wide_eyes(y=250, gap=46, size=24, iris="#3e8f77"),
            line("#7d3f8c", 6, "176,240 184,228 206,219 226,224", mirror=True),
            brows("#8e3524", y=202, gap=48, tilt=4),
            line("#c27f58", 7, "256,262 246,288 260,292"),
            blob(
                "#cf4a52",
                "256,307 284,303 303,315 286,345 256,357 226,345 209,315 228,303",
            ),
            *grin(y=315, half=40, depth=34),
            cheeks("#e2604f", y=294, gap=62, size=18),
            poly(
                "#ffd84d", "154,296 144,318 154,318 148,340 166,312 156,312 162,296",
                width=4,
            ),
            poly(
                "#ffd84d", "352,296 342,318 352,318 346,340 364,312 354,312 360,296",
                width=4,
            ),
            line("#2e2c3a", 24, "372,540 366,440"),
            box("#d9dde6", "326,332 404,438", width=39, shade=0.18),
            *(line("#98a1b3", 5, f"328,{y} 402,{y}") for y in (356, 372, 388, 404)),
            box("#2e2c3a", "322,412 408,432", width=8),
        ],
    ),
    "loam": Portrait(
        ground="#e8b878",
        pattern=stamp("#eec58b", SPROUT, step=78, smooth=False),
        disc="#fbe6bd",
        layers=[
            bust("#8e5a41", top=372, half=226),
            line("#74472f", 6, "96,470 120,450 116,428"),
            line("#74472f", 6, "420,500 398,476 404,446"),
            blob("#5f9450", "40,462 74,424 120,412 150,432 110,440 84,470", shade=0.1),
            poly(
                "#a66b4b",
                "152,150 196,120 322,124 362,154 374,296 346,366 168,368 138,298",
                width=34, shade=0.14,
            ),
            line("#86512f", 6, "352,190 334,208 344,228 330,246"),
            line("#86512f", 6, "160,320 178,330 174,348"),
            blob(
                "#5f9450",
                "126,176 140,120 190,92 256,98 318,88 372,122 386,176 352,158 330,176 "
                "300,148 262,166 226,146 192,172 162,154", shade=0.12,
            ),
            *(
                oval("#79ad64", x, y, 9, 7)
                for x, y in ((176, 124), (236, 120), (330, 120), (286, 128))
            ),
            box("#8f5a3d", "172,214 238,230", width=8, mirror=True),
            oval("#7d4a33", 206, 258, 29, 27, mirror=True),
            oval("#fff0bf", 206, 259, 20, 20, mirror=True),
            oval("#5a3522", 208, 261, 11, 12, mirror=True),
            oval("#ffffff", 203, 256, 4, 4),
            oval("#ffffff", 300, 256, 4, 4),
            blob("#96593c", "240,256 272,256 284,304 256,314 228,304", shade=0.1),
            smile("#5b3522", y=332, half=34, depth=15),
            cheeks("#d5764f", y=308, gap=84, size=20),
            *(
                oval("#f6f1e4", 128 + dx, 226 + dy, 12, 12)
                for dx, dy in ((0, -16), (15, -5), (9, 13), (-9, 13), (-15, -5))
            ),
            oval("#f0b03c", 128, 226, 11, 11),
            blob(
                "#c9503f", "144,380 256,402 368,380 382,418 256,446 130,418",
                shade=0.15, keep=True,
            ),
            *(
                line("#efe3c8", 9, f"{x},370 {x + (x - 256) / 12},460", within=True)
                for x in range(152, 380, 34)
            ),
            blob("#c9503f", "312,414 362,420 358,506 310,500", shade=0.15),
            line("#efe3c8", 9, "312,460 358,466"),
            *(line("#c9503f", 6, f"{x},500 {x},522") for x in (318, 332, 346)),
            blob(
                "#7d6350", "276,88 300,50 338,40 366,62 362,90 324,104 288,102",
                shade=0.12,
            ),
            blob("#e07a3e", "326,56 352,50 368,70 360,92 338,98 326,80"),
            poly("#7d6350", "284,80 238,72 286,96", width=6),
            oval(INK, 347, 58, 5, 5),
            poly("#4a3a30", "367,62 384,68 367,72", width=2),
        ],
    ),
    "sir_clement": Portrait(
        ground="#7e2a37",
        pattern=stamp("#8c3744", LOZENGE, step=68, smooth=False),
        disc="#e7c98f",
        layers=[
            blob(
                "#f0b63f",
                "262,116 236,60 264,20 330,6 402,34 430,92 404,150 392,104 352,78 "
                "318,84 292,112", shade=0.14,
            ),
            line("#d6962a", 6, "276,96 304,58 360,46 404,80"),
            bust("#aab4c2", top=404, half=184),
            oval("#c1cad6", 118, 462, 74, 62, mirror=True, shade=0.16),
            line("#8e99aa", 6, "66,470 118,440 176,470", mirror=True),
            blob(
                "#c83f4d", "160,404 256,430 352,404 368,440 256,474 144,440",
                shade=0.16,
            ),
            poly("#c9973a", "146,450 190,450 190,478 168,498 146,478", width=12),
            poly("#f3e6cf", "150,454 186,454 186,476 168,492 150,476", width=6),
            oval("#7e2a37", 168, 463, 7, 9),
            line("#7e2a37", 5, "168,470 168,486"),
            blob(
                "#c3ccd8",
                "256,92 330,112 364,190 362,300 334,378 256,416 178,378 150,300 "
                "148,190 182,112", shade=0.16, keep=True,
            ),
            blob(
                "#dfe5ec", "190,128 168,190 170,250 182,252 186,190 214,128",
                within=True,
            ),
            box("#2a2735", "164,206 348,268", width=26),
            oval("#ffe08a", 212, 238, 17, 19, mirror=True),
            oval("#fff8dc", 207, 232, 6, 7),
            oval("#fff8dc", 295, 232, 6, 7),
            line("#c9973a", 12, "152,198 200,190 256,186 312,190 360,198"),
            line("#c9973a", 12, "256,96 256,186"),
            poly(
                "#aeb8c6", "164,276 256,264 348,276 330,364 256,400 182,364", width=10,
                shade=0.12,
            ),
            line("#97a2b3", 6, "256,270 256,396"),
            *(
                oval("#4a4a5c", x, y, 7, 7, mirror=True)
                for x, y in ((196, 312), (212, 330), (234, 341))
            ),
            oval("#c9973a", 156, 226, 13, 13, mirror=True, shade=0.1),
        ],
    ),
}
# fmt: on


def _put(character_id: str, picture: Image.Image) -> int:
    """Put the picture into the character's file as a data URI; its size in bytes."""
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    content = file.getvalue()
    path = CHARACTERS / f"{character_id}.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    uri = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    card["data"]["avatar"] = uri
    path.write_text(
        json.dumps(card, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
    return len(content)


def main(names: list[str]) -> int:
    """Draw those named, or all; 2 if a name is unknown."""
    unknown = sorted(set(names) - set(PORTRAITS))
    if unknown:
        sys.stderr.write(f"Name characters of the table; unknown: {unknown}\n")
        return 2
    for character_id in names or PORTRAITS:
        size = _put(character_id, paint(PORTRAITS[character_id]))
        sys.stdout.write(f"{character_id}: {size // 1024} KiB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
