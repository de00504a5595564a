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
