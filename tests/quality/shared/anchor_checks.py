"""Great Expectations and pandera with the same rules as a recipe of ours, as far as they have them."""
import contextlib
import io
import logging
import re
import time
import warnings

MISSING = "not installed"
warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

# A rule is (kind, column, argument): matches, not_matches, in, not_in, not_null, between, unique.


def frame_of(header, rows):
    """Empty cells are null, as tamis-ingest reads them."""
    import pandas
    frame = pandas.DataFrame(rows, columns=header, dtype=object)
    return frame.where(frame != "", None)


# ---- Great Expectations ----

def expectation(library, rule):
    kind, column, argument = rule
    whole = "^(?:%s)$"
    if kind == "matches":
        return library.ExpectColumnValuesToMatchRegex(column=column, regex=whole % argument)
    if kind == "not_matches":
        return library.ExpectColumnValuesToNotMatchRegex(column=column, regex=whole % argument)
    if kind == "in":
        return library.ExpectColumnValuesToBeInSet(column=column, value_set=argument)
    if kind == "not_in":
        return library.ExpectColumnValuesToNotBeInSet(column=column, value_set=argument)
    if kind == "not_null":
        return library.ExpectColumnValuesToNotBeNull(column=column)
    if kind == "between":
        return library.ExpectColumnValuesToBeBetween(column=column, min_value=argument[0],
                                                     max_value=argument[1])
    return library.ExpectColumnValuesToBeUnique(column=column)


def great_expectations(frame, rules):
    """(row, column) of each failing cell, and seconds; or MISSING."""
    try:
        import great_expectations as gx
        import great_expectations.expectations as library
    except ImportError:
        return MISSING
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        context = gx.get_context(mode="ephemeral")
        asset = context.data_sources.add_pandas("frames").add_dataframe_asset("frame")
        batch = asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": frame})
        suite = gx.ExpectationSuite(name="rules",
                                    expectations=[expectation(library, rule) for rule in rules])
        started = time.perf_counter()
        report = batch.validate(suite, result_format={"result_format": "COMPLETE"})
        seconds = time.perf_counter() - started
    found = set()
    for result in report.results:
        column = result.expectation_config.kwargs["column"]
        found.update((row, column) for row in result.result.get("unexpected_index_list") or ())
    return found, seconds


# ---- pandera ----

def check(library, rule):
    kind, _, argument = rule
    if kind == "matches":
        return library.Check.str_matches("^(?:%s)$" % argument)
    if kind == "not_matches":
        wrong = re.compile(argument)
        return library.Check(lambda value: not wrong.fullmatch(value), element_wise=True)
    if kind == "in":
        return library.Check.isin(argument)
    if kind == "not_in":
        return library.Check.notin(argument)
    return library.Check.in_range(*argument)


def pandera(frame, rules):
    try:
        import pandera.pandas as library
    except ImportError:
        return MISSING
    columns = {}
    for kind, column, argument in rules:
        options = columns.setdefault(column, {"checks": [], "nullable": True, "unique": False})
        if kind == "not_null":
            options["nullable"] = False
        elif kind == "unique":
            options["unique"] = True
        else:
            options["checks"].append(check(library, (kind, column, argument)))
    schema = library.DataFrameSchema({name: library.Column(None, **options)
                                      for name, options in columns.items()})
    started = time.perf_counter()
    try:
        schema.validate(frame, lazy=True)
        cases = None
    except library.errors.SchemaErrors as errors:
        cases = errors.failure_cases
    seconds = time.perf_counter() - started
    if cases is None:
        return set(), seconds
    return {(int(row), column) for row, column in zip(cases["index"], cases["column"])
            if row is not None}, seconds

