"""Golden files as tables of SQLite, value by value against what pyarrow reads: extension.py EXTENSION GOLD."""

import base64
import glob
import json
import math
import os
import subprocess
import sys

import pyarrow as pa

extension, gold = sys.argv[1:]


def read(path):
    """None where pyarrow cannot read it."""
    try:
        with pa.OSFile(path) as file:
            opened = pa.ipc.open_file(file) if path.endswith(".arrow_file") else pa.ipc.open_stream(file)
            return opened.read_all()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
        return None


def bare(kind):
    """The type of the values, without dictionary and extension."""
    if isinstance(kind, pa.BaseExtensionType):
        return bare(kind.storage_type)
    return bare(kind.value_type) if pa.types.is_dictionary(kind) else kind


def values_of(column):
    """None where they lie outside of what Python's own types hold."""
    try:
        if isinstance(column.type, pa.BaseExtensionType):
            column = column.cast(column.type.storage_type)
        return column.to_pylist()
    except (KeyError, ValueError, OverflowError, TypeError, pa.ArrowException):
        return None


def expected(value, kind):
    """The value as SQLite shall have it, and whether it is compared."""
    types = pa.types
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None, True
    if types.is_boolean(kind):
        return int(value), True
    if types.is_uint64(kind) and value >= 2 ** 63:
        return str(value), True
    if types.is_integer(kind) or types.is_floating(kind):
        return float(value) if types.is_floating(kind) else value, True
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return value, True
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind) \
            or types.is_binary_view(kind):
        return value, True
    if types.is_date32(kind):
        return value.isoformat(), True
    if types.is_decimal(kind):
        return f"{value:f}", True
    if types.is_list(kind) or types.is_large_list(kind) or types.is_struct(kind) or types.is_fixed_size_list(kind):
        return jsoned(value), True
    return None, False


def jsoned(value):
    if isinstance(value, dict):
        return {key: jsoned(item) for key, item in value.items()}
    if isinstance(value, list):
        return [jsoned(item) for item in value]
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def nested(kind):
    """Whether all below compares as JSON does."""
    if pa.types.is_struct(kind):
        return all(nested(field.type) for field in kind)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return nested(kind.value_type)
    return pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_boolean(kind)


def comparable(kind):
    deep = pa.types.is_nested(kind)
    return not deep or nested(kind)


def shell(path, query):
    """Lines of the stock shell, to which the file is table t."""
    table = "CREATE VIRTUAL TABLE temp.t USING arrow('" + path.replace("'", "''") + "')"
    done = subprocess.run(["sqlite3", "-bail", ":memory:", ".load " + extension, table, query], check=True,
                          capture_output=True, text=True)
    return done.stdout.splitlines()


def value_of(kind, text):
    if kind == "blob":
        return bytes.fromhex(text)
    return float(text) if kind == "real" else text


def read_table(path):
    """Rows of (value, ...), each with the type it has in SQLite."""
    names = [json.loads(line) for line in shell(path, "SELECT json_quote(name) FROM pragma_table_info('t')")]
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    cells = [f"typeof({name}), CASE typeof({name}) WHEN 'blob' THEN hex({name})"
             f" WHEN 'real' THEN printf('%!.17g', {name}) ELSE {name} END" for name in quoted]
    rows = []
    for line in shell(path, f"SELECT json_array({', '.join(cells)}) FROM t"):
        row = json.loads(line)
        rows.append([value_of(kind, text) for kind, text in zip(row[::2], row[1::2])])
    return rows


def compare(path, table):
    rows = read_table(path)
    assert len(rows) == table.num_rows, f"{path}: {len(rows)} rows, expected {table.num_rows}"
    compared = 0
    for place in range(table.num_columns):
        kind, values = bare(table.column(place).type), values_of(table.column(place))
        if values is None or not comparable(kind):
            continue
        for row, value in enumerate(values):
            want, known = expected(value, kind)
            if not known:
                continue
            found = rows[row][place]
            if isinstance(want, (dict, list)):
                found = json.loads(found)
            assert found == want and type(found) is type(want), \
                f"{path}: row {row}, column {place} ({kind}): found {found!r}, expected {want!r}"
            compared += 1
    return compared


files = values = 0
for name in sorted(glob.glob(os.path.join(gold, "*", "*.arrow_file")) + glob.glob(os.path.join(gold, "*", "*.stream"))):
    answer = read(name)
    if answer is None:
        continue
    files += 1
    values += compare(name, answer)
print(f"{files} files, {values} values equal")
sys.exit(0 if files >= 40 and values >= 5000 else 1)
