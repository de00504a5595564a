"""ptype, dateutil and CleanVision on the sets of clean_columns.py; MISSING where not installed."""
import contextlib
import io
import logging
import os
import warnings

MISSING = "not installed"
warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)


def ptype_types(folder, annotations):
    """Share of right column types; a table it cannot read counts as wrong."""
    try:
        import pandas
        pandas.DataFrame.applymap = pandas.DataFrame.map  # gone from pandas 3, and ptype calls it
        from ptype.Ptype import Ptype
    except ImportError:
        return MISSING
    right = total = 0
    for name, wanted in annotations.items():
        total += len(wanted)
        try:
            table = pandas.read_csv(os.path.join(folder, name + ".csv"), dtype=str,
                                    keep_default_na=False, skipinitialspace=True,
                                    encoding_errors="replace",
                                    header=None if name == "auto" else "infer")
            schema = Ptype().schema_fit(table.head(1000))
            kinds = [schema.cols[column].type for column in table.columns]
        except Exception:
            continue
        for kind, annotation in zip(kinds, wanted):
            kind, annotation = ("date" if word.startswith("date") else word
                                for word in (kind, annotation))
            right += kind == ("string" if annotation == "gender" else annotation)
    return f"{right / max(1, total):.3f}"


def dateparser_right(cases):
    """The same by dateparser, told the language and the order."""
    try:
        import dateparser
    except ImportError:
        return MISSING
    right = 0
    for text, wanted in cases:
        found = set()
        for order in ("DMY", "MDY"):
            with contextlib.suppress(Exception):
                moment = dateparser.parse(text, languages=["en"], settings={"DATE_ORDER": order})
                found.add(str(moment.replace(tzinfo=None)))
        right += wanted in found
    return str(right)


def clevercsv_columns(path):
    """How many columns the first record has in the dialect that it finds, 0 = it finds none."""
    try:
        import clevercsv
    except ImportError:
        return None
    with open(path, encoding="utf-8", errors="replace", newline="") as file:
        text = file.read(1 << 16)
    with contextlib.suppress(Exception):
        dialect = clevercsv.Sniffer().sniff(text)
        return len(next(iter(clevercsv.reader(io.StringIO(text), dialect))))
    return 0


def dateutil_right(cases):
    """How many (text, wanted) it reads rightly, day or month first."""
    try:
        from dateutil import parser
    except ImportError:
        return MISSING
    right = 0
    for text, wanted in cases:
        found = set()
        for day_first in (False, True):
            with contextlib.suppress(Exception):
                found.add(str(parser.parse(text, dayfirst=day_first, ignoretz=True)))
        right += wanted in found
    return str(right)


def cleanvision_issues(folder, issues):
    """Names of the pictures with each issue (dark, light, blurry, grayscale), or None. It stops at a
    broken file, so it gets none."""
    try:
        from cleanvision import Imagelab
    except ImportError:
        return None
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        lab = Imagelab(filepaths=[os.path.join(folder, name) for name in sorted(os.listdir(folder))
                                  if name.endswith((".jpg", ".png")) and name[:4] != "bad_"])
        lab.find_issues({issue: {} for issue in issues}, n_jobs=1, verbose=False)
    return {issue: {os.path.basename(path) for path in
                    lab.issues.index[lab.issues[f"is_{issue}_issue"]]} for issue in issues}
