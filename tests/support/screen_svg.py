#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A screen as `tmux capture-pane -e -p` gives it, as an SVG picture: screen_svg.py TITLE COLUMNS"""
import re
import sys
import unicodedata
from xml.sax.saxutils import escape

CELL_W, CELL_H, PAD, TOP = 8.4, 18, 14, 36
BACK, FORE = "#16181d", "#d5d8de"
BASE = ["#16181d", "#e5646e", "#8cc570", "#e0b45c", "#6aa5f0", "#c583dd", "#58b8c4", "#d5d8de"]
BRIGHT = ["#6c7280", "#f08a92", "#a9dd8f", "#f0cc82", "#8dbdf8", "#d8a3ea", "#7fd2dc", "#ffffff"]
LEVELS = [0, 95, 135, 175, 215, 255]


def indexed(n):
    if n < 8:
        return BASE[n]
    if n < 16:
        return BRIGHT[n - 8]
    if n < 232:
        n -= 16
        return "#%02x%02x%02x" % (LEVELS[n // 36], LEVELS[n // 6 % 6], LEVELS[n % 6])
    return "#%02x%02x%02x" % ((8 + 10 * (n - 232),) * 3)


class Look:
    def __init__(self):
        self.fore = self.back = None
        self.bold = self.dim = self.underlined = self.reversed = False

    def apply(self, codes):
        codes = [int(c or 0) for c in codes.replace(":", ";").split(";")]
        while codes:
            c = codes.pop(0)
            if c == 0:
                self.__init__()
            elif c in (38, 48) and codes[:1] == [5]:
                self.color(c == 38, indexed(codes[1]))
                codes = codes[2:]
            elif c in (38, 48) and codes[:1] == [2]:
                self.color(c == 38, "#%02x%02x%02x" % tuple(codes[1:4]))
                codes = codes[4:]
            elif c in (1, 2, 4, 7):
                setattr(self, {1: "bold", 2: "dim", 4: "underlined", 7: "reversed"}[c], True)
            elif c == 22:
                self.bold = self.dim = False
            elif c in (24, 27):
                setattr(self, "underlined" if c == 24 else "reversed", False)
            elif 30 <= c % 60 <= 49 and c % 10 < 8:
                self.color(c % 60 < 40, (BRIGHT if c >= 90 else BASE)[c % 10])
            elif c in (39, 49):
                self.color(c == 39, None)

    def color(self, fore, value):
        setattr(self, "fore" if fore else "back", value)

    def style(self):
        fore, back = self.fore or FORE, self.back
        if self.reversed:
            fore, back = back or BACK, self.fore or FORE
        more = ' font-weight="bold"' if self.bold else ""
        more += ' opacity="0.65"' if self.dim else ""
        more += ' text-decoration="underline"' if self.underlined else ""
        return fore, back, more


def cells(char):
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def draw_run(text, column, y, look):
    width = sum(map(cells, text))
    fore, back, more = look.style()
    x = PAD + column * CELL_W
    if back:
        yield (f'<rect x="{x:.1f}" y="{y - 13}" width="{width * CELL_W:.1f}" height="{CELL_H}"'
               f' fill="{back}" shape-rendering="crispEdges"/>')
    stripped = text.strip(" ")
    if stripped:
        x += (len(text) - len(text.lstrip(" "))) * CELL_W
        length = sum(map(cells, stripped)) * CELL_W
        yield (f'<text x="{x:.1f}" y="{y}" textLength="{length:.1f}" lengthAdjust="spacingAndGlyphs"'
               f' fill="{fore}"{more} xml:space="preserve">{escape(stripped)}</text>')


def main():
    title, columns = sys.argv[1], int(sys.argv[2])
    lines = sys.stdin.read().rstrip("\n").split("\n")
    look, body = Look(), []
    for row, line in enumerate(lines):
        column = 0
        for part in re.split(r"(\x1b\[[0-9;:]*m)", line):
            if part.startswith("\x1b["):
                look.apply(part[2:-1])
                continue
            # Gaps stand apart, so that what is aligned stays so in any font.
            for run in re.findall(r" {2,}|(?:[^ ]| (?! ))+| ", part):
                body.extend(draw_run(run, column, TOP + 13 + row * CELL_H, look))
                column += sum(map(cells, run))
    width, height = columns * CELL_W + 2 * PAD, TOP + len(lines) * CELL_H + PAD
    dots = "".join(f'<circle cx="{PAD + 6 + 18 * i}" cy="17" r="5" fill="#3a3f4a"/>' for i in range(3))
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
          f'font-family="DejaVu Sans Mono,Menlo,Consolas,monospace" font-size="14">\n'
          f'<rect width="100%" height="100%" rx="8" fill="{BACK}"/>{dots}\n'
          f'<text x="{width / 2:.0f}" y="22" text-anchor="middle" fill="#8a909c">{escape(title)}</text>')
    print("\n".join(body))
    print("</svg>")


main()
