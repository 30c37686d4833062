"""md1, the closed Markdown subset of section 20, from text to spans (byte ranges), and a check of the vectors."""

import json
import re

from accounts import VECTORS
from people import check, expect

TOKEN = re.compile(rb"\\[!-/:-@\[-`{-~]|`+|\*+|~+|_+|\[|\]")
URL = re.compile(rb"""\(((?:https?://|mailto:)[!#-'*-;=?-\[\]^_a-z{-~]+)\)""", re.IGNORECASE)
ITEM = re.compile(rb"((?:  ){0,3})(?:- |([0-9]{1,9})\. )(?=.)", re.DOTALL)
LANGUAGE = re.compile(rb"```([A-Za-z0-9+#._-]{0,32})")
MARKS = {b"**": "bold", b"~~": "strike", b"_": "italic"}


def span(kind, start, end, inner_start, inner_end, **more):
    return {"kind": kind, "at": [start, end], "inner": [inner_start, inner_end], **more}


def lines(data):
    """(start, end) of each line, without its LF or CR LF."""
    start = 0
    while start < len(data):
        feed = data.find(b"\n", start)
        if feed < 0:
            yield start, len(data)
            return
        yield start, feed - 1 if feed > start and data[feed - 1] == 13 else feed
        start = feed + 1


def inline(line, base):
    done, stack, last = [], [], 0
    is_open = lambda kind: next((it for it in stack if it[0] == kind), None)
    word = lambda byte: byte.isalnum()  # of bytes: ASCII only
    while token := TOKEN.search(line, last):
        mark, start, last = token.group(), token.start(), token.end()
        before, after = line[start - 1 : start] if start else b"", line[last : last + 1]
        if mark[:1] == b"\\":
            done.append(span("escape", start, last, start + 1, last))
        elif mark == b"`":
            end = next((it.start() for it in re.finditer(rb"`+", line[last:]) if len(it.group()) == 1), None)
            if end is not None:
                done.append(span("code", start, last + end + 1, last, last + end))
                last += end + 1
        elif mark == b"[":
            stack = [it for it in stack if it[0] != "link"] + [("link", start, last)]
        elif mark == b"]" and (opened := is_open("link")):
            url = URL.match(line, last)
            if url and len(url.group(1)) <= 2048 and start > opened[2]:
                stack, last = stack[: stack.index(opened)], url.end()
                done.append(span("link", opened[1], last, opened[2], start, url=url.group(1).decode()))
            else:
                stack.remove(opened)
        elif mark in MARKS:
            kind = MARKS[mark]
            outside = lambda byte: kind != "italic" or not word(byte)
            opened = is_open(kind)
            if opened and before not in (b"", b" ", b"\t") and outside(after):
                stack = stack[: stack.index(opened)]
                done.append(span(kind, opened[1], last, opened[2], start))
            elif after not in (b"", b" ", b"\t") and outside(before):
                stack = [it for it in stack if it[0] != kind] + [(kind, start, last)]
    for it in sorted(done, key=lambda it: it["at"][0]):
        yield {**it, "at": [n + base for n in it["at"]], "inner": [n + base for n in it["inner"]]}


def spans(text):
    data = text.encode()
    all_lines, found, at = list(lines(data)), [], 0
    while at < len(all_lines):
        start, end = all_lines[at]
        at += 1
        if fence := LANGUAGE.fullmatch(data, start, end):
            close = next((n for n in range(at, len(all_lines)) if data[slice(*all_lines[n])] == b"```"), None)
            if close is not None:
                first = all_lines[at][0]
                last = all_lines[close - 1][1] if close > at else first
                more = {"language": fence.group(1).decode()} if fence.group(1) else {}
                found.append(span("code_block", start, all_lines[close][1], first, last, **more))
                at = close + 1
                continue
        for _ in range(4):
            if quote := re.compile(rb"> ?").match(data, start, end):
                found.append(span("quote", start, end, quote.end(), end))
                start = quote.end()
        if item := ITEM.match(data, start, end):
            more = {"number": int(item.group(2))} if item.group(2) else {}
            found.append(span("item", start, end, item.end(), end, level=len(item.group(1)) // 2, **more))
            start = item.end()
        found.extend(inline(data[start:end], start))
    return found


@check
async def markdown_vectors_hold(world):
    vectors = json.loads((VECTORS / "markdown.json").read_text("utf-8"))
    for case in vectors["cases"]:
        expect(spans(case["text"]) == case["spans"], case["name"], spans(case["text"]))
    for case in vectors["repeated"]:
        expect(len(spans(case["unit"] * case["times"])) == case["spans"], case["unit"])
