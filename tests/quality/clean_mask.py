#!/usr/bin/env python3
"""How well mask finds personal data in labeled sets, through the shipped commands.

    tests/quality/clean_mask.py BUILD DATA

BUILD is the build directory, DATA a folder with the sets pii_patterns and pii_presidio (each
folder's SOURCE.txt says where it came from). Prints set, figure, the anchor's figure and ours. Where
presidio-analyzer is installed it runs beside ours: with its English spaCy model where that is
there, else its pattern recognizers alone.
"""
import collections
import json
import os
import re
import subprocess
import sys
import time

from shared.anchors_mask import presidio_cases, presidio_spans
from shared.figures import command, data, scratch, show

TYPES = {"PERSON": "PERSON", "GPE": "PLACE", "ORGANIZATION": "ORGANIZATION", "STREET_ADDRESS": "ADDRESS",
         "ZIP_CODE": "ADDRESS", "CREDIT_CARD": "CARD", "PHONE_NUMBER": "PHONE", "DATE_TIME": "DATE",
         "TITLE": "TITLE", "EMAIL_ADDRESS": "EMAIL", "AGE": "AGE", "NRP": "NATIONALITY",
         "DOMAIN_NAME": "URL", "IBAN_CODE": "IBAN", "IP_ADDRESS": "IP", "US_SSN": "SSN",
         "US_DRIVER_LICENSE": "US_DRIVER"}
PATTERNS = {"CARD", "PHONE", "EMAIL", "URL", "IBAN", "IP", "SSN"}
CASES = {"ABA_ROUTING": "us_routing", "CREDIT_CARD": "card", "DATE_TIME": "date", "DE_TAX_ID": "de_tax",
         "EMAIL_ADDRESS": "email", "FI_PERSONAL_IDENTITY_CODE": "fi_hetu", "IP_ADDRESS": "ip",
         "IT_FISCAL_CODE": "it_fiscal", "MAC_ADDRESS": "mac", "PHONE_NUMBER": "phone",
         "SG_FIN": "sg_nric", "US_SSN": "ssn"}


def masked(texts, step):
    """The texts with [KIND] in the place of each find."""
    path = scratch("texts.jsonl")
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps({"sentence": text}) + "\n" for text in texts)
    out = None
    for part in ([command("tamis-ingest"), "--no-store", "-q", "--no-provenance", path],
                 [command("tamis-clean"), "--no-store", "-q", "-m", step],
                 [command("tamis-features"), "cat", "-", "--format", "jsonl"]):
        out = subprocess.run(part, input=out, stdout=subprocess.PIPE, check=True).stdout
    return [json.loads(line)["sentence"] or "" for line in out.decode().splitlines()]


def spans(before, after):
    """(first, end, kind) of each find, from where the rest of the text still stands."""
    parts = re.split(r"\[([A-Z][A-Z_]+)\]", after)
    pattern = "".join("(.+?)" if i % 2 else re.escape(part) for i, part in enumerate(parts))
    match = re.fullmatch(pattern, before, re.DOTALL)
    return [match.span(i // 2 + 1) + (parts[i],) for i in range(1, len(parts), 2)]


def patterns():
    """A case is right when as many finds are there as the recognizer's own test wants."""
    with open(os.path.join(data, "pii_patterns", "cases.jsonl"), encoding="utf-8") as file:
        cases = [json.loads(line) for line in file]
    right, places, wrong = 0, 0, []
    for entity in sorted({case["entity"] for case in cases}):
        mine = [case for case in cases if case["entity"] == entity]
        kind = CASES.get(entity, entity.lower())
        for case, after in zip(mine, masked([case["text"] for case in mine],
                                            f"mask kinds={kind} weak=true")):
            found = [list(span[:2]) for span in spans(case["text"], after)]
            good = len(found) == case["count"]
            right += good
            places += good and (not case["spans"] or found == case["spans"])
            if not good:
                wrong.append(f"{entity}: {case['text']!r}: {len(found)}, not {case['count']}")
    anchor = presidio_cases(cases)
    show("pii_patterns", f"cases right of {len(cases)}", "goal 95 %" + anchor,
         f"{right} ({right / len(cases):.1%})")
    show("pii_patterns", "and the places too", "", str(places))
    if "-v" in sys.argv:
        print("\n".join(wrong))


def scores(truth, found):
    """(precision, recall, F1) of exactly equal spans with their kinds."""
    hits = len(truth & found)
    precision = hits / max(1, len(found))
    recall = hits / max(1, len(truth))
    return precision, recall, 2 * precision * recall / max(1e-9, precision + recall)


def words(text, spans_of):
    """Words (and marks) that a span covers, by their place in the text."""
    covered = set()
    for first, end in spans_of:
        for match in re.finditer(r"\w+", text[first:end]):
            covered.add(first + match.start())
    return covered


def by_word(texts, truths, founds):
    """(precision, recall, F2) over words that are personal data, whatever their kind."""
    hits = wrong = missed = 0
    for text, truth, found in zip(texts, truths, founds):
        a, b = words(text, truth), words(text, found)
        hits, wrong, missed = hits + len(a & b), wrong + len(b - a), missed + len(a - b)
    precision, recall = hits / max(1, hits + wrong), hits / max(1, hits + missed)
    return precision, recall, 5 * precision * recall / max(1e-9, 4 * precision + recall)


def kind_of(name):
    return TYPES.get(name, name)


def sentences():
    with open(os.path.join(data, "pii_presidio", "sentences.jsonl"), encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    texts = [row["text"] for row in rows]
    truth = [{(s["start"], s["end"], kind_of(s["type"])) for s in row["spans"]} for row in rows]
    found = [set(spans(a, b)) for a, b in zip(texts, masked(texts, "mask kinds=all"))]
    of_default = [set(spans(a, b)) for a, b in zip(texts, masked(texts, "mask"))]
    flat = lambda sets, only: {(i,) + s for i, one in enumerate(sets) for s in one if s[2] in only}
    bare = lambda sets: [[s[:2] for s in one] for one in sets]
    p, r, f = scores(flat(truth, PATTERNS), flat(of_default, PATTERNS))
    show("pii_presidio", "pattern types, spans, F1", "regexes 0.878, goal 0.93", f"{f:.3f}")
    p, r, f = by_word(texts, bare(truth), bare(found))
    show("pii_presidio", "all types, words, precision / recall", "customised 0.87 / 0.84",
         f"{p:.3f} / {r:.3f}")
    anchor = presidio_spans(texts)
    if anchor is not None:
        p, r, f = by_word(texts, bare(truth), anchor)
        show("pii_presidio", "presidio-analyzer here", f"{p:.3f} / {r:.3f}", "")
    p, r, f = scores(flat(truth, set(TYPES.values())), flat(found, set(TYPES.values())))
    show("pii_presidio", "all types, exact spans and kinds", "", f"{p:.3f} / {r:.3f}")
    overlapping(texts, truth, found)


def overlapping(texts, truth, found):
    """A truth is found when a find covers at least half of it; a find is right likewise."""
    share = lambda a, others: sum(max(0, min(a[1], b[1]) - max(a[0], b[0])) for b in others) / (a[1] - a[0])
    by_kind = collections.defaultdict(lambda: [0, 0, 0, 0])
    for a, b in zip(truth, found):
        for s in a:
            by_kind[s[2]][0] += share(s, b) >= 0.5
            by_kind[s[2]][1] += 1
        for s in b:
            by_kind[s[2]][2] += share(s, a) >= 0.5
            by_kind[s[2]][3] += 1
    total = [sum(column) for column in zip(*by_kind.values())]
    show("pii_presidio", "all types, spans covered by half", "customised 0.87 / 0.84",
         f"{total[2] / max(1, total[3]):.3f} / {total[0] / total[1]:.3f}")
    if "-v" not in sys.argv:
        return
    for kind, (got, of, right, told) in sorted(by_kind.items()):
        print(f"  {kind:14} recall {got}/{of}  precision {right}/{told}")


def speed(megabytes=40):
    """The sentences again and again, from file to file, with all processors."""
    with open(os.path.join(data, "pii_presidio", "sentences.jsonl"), encoding="utf-8") as file:
        texts = [json.loads(line)["text"] for line in file]
    size = sum(len(text.encode()) for text in texts)
    source, stream = scratch("speed.jsonl"), scratch("speed.arrow")
    with open(source, "w", encoding="utf-8") as file:
        for _ in range(megabytes * 1000000 // size + 1):
            file.writelines(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts)
    subprocess.run([command("tamis-ingest"), "--no-store", "-q", "--no-provenance", "--compression",
                    "none", source, "-o", stream], check=True)
    size = os.path.getsize(stream) / 1e6
    for kinds in ("identifiers", "all"):
        before, started = os.times(), time.monotonic()
        with open(os.devnull, "wb") as nothing:
            subprocess.run([command("tamis-clean"), "--no-store", "-q", "-m", "mask kinds=" + kinds, stream],
                           stdout=nothing, check=True)
        seconds, after = time.monotonic() - started, os.times()
        processor = after.children_user + after.children_system - before.children_user - before.children_system
        show("pii_presidio", f"{kinds}: MB/s, of a processor second", "goal 50",
             f"{size / seconds:.0f}, {size / processor:.0f}")


patterns()
sentences()
speed()
