#!/usr/bin/env python3
"""normalize against scikit-learn: the same numbers to 1e-12, through the shipped commands, and back.

    tests/peers/scalers.py BUILD

Columns with nulls, of several types and distributions. Each method is fitted and applied by both, and each
that can be undone is undone by `tamis-clean inverse` and held against the values it began with."""

import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import pyarrow as pa
import pyarrow.ipc
from scipy import stats
from sklearn import preprocessing as sk

BUILD = sys.argv[1]
ROWS = 20011
TOLERANCE = 1e-12
folder = tempfile.mkdtemp()
wrong = 0


def path(name):
    return os.path.join(folder, name)


def check(what, difference, tolerance=TOLERANCE):
    global wrong
    good = difference <= tolerance
    wrong += not good
    print(f"{'ok ' if good else 'NOT'} {what}: {difference:.3g} (at most {tolerance:g})")


def table():
    random = np.random.default_rng(11)
    columns = {
        "normal": random.normal(3, 2, ROWS),
        "skewed": random.lognormal(1, 0.8, ROWS),
        "signed": random.standard_t(4, ROWS) * 5,
        "whole": random.integers(-50, 900, ROWS).astype(float),
        "narrow": (random.normal(-7, 1, ROWS)).astype(np.float32).astype(float),
        "few": random.choice([1.0, 2.0, 2.5, 40.0], ROWS, p=[0.5, 0.3, 0.15, 0.05]),
    }
    for i, name in enumerate(columns):
        if i % 2 == 0:
            columns[name][random.integers(0, ROWS, 300)] = np.nan
    return columns


TYPES = {"whole": pa.int32(), "narrow": pa.float32()}


def write(columns, name):
    arrays = [pa.array(np.where(np.isnan(v), 0, v).astype(TYPES.get(n, pa.float64()).to_pandas_dtype()),
                       mask=np.isnan(v)) for n, v in columns.items()]
    batch = pa.record_batch(arrays, names=list(columns))
    with pa.ipc.new_file(path(name), batch.schema) as out:
        out.write_batch(batch)


def run(*words):
    subprocess.run([f"{BUILD}/clean/tamis-clean", "--no-store", "-q", "--device", "cpu", *words], check=True)


def read(name):
    return pa.ipc.open_file(path(name)).read_all()


def numbers(column):
    return column.cast(pa.float64()).to_numpy(zero_copy_only=False)


def apart(ours, theirs):
    """The largest difference, relative to what is above 1; nulls must be the same."""
    if not np.array_equal(np.isnan(ours), np.isnan(theirs)):
        return np.inf
    return float(np.nanmax(np.abs(ours - theirs) / np.maximum(1, np.abs(theirs)), initial=0))


def fit(step, state="state.json"):
    run(path("data.arrow"), "-m", "normalize " + step, "--save-state", path(state), "-o",
        path("out.arrow"))
    with open(path(state), encoding="utf-8") as file:
        return read("out.arrow"), json.load(file)["steps"][0]["parameters"]


def matrix(columns, names):
    return np.column_stack([columns[n] for n in names])


def scaler(columns, step, scaler, names=None):
    names = names or list(columns)
    out, _ = fit(f"columns={','.join(names)} {step}")
    theirs = scaler.fit_transform(matrix(columns, names))
    for i, name in enumerate(names):
        check(f"{step}, {name}", apart(numbers(out[name]), theirs[:, i]))
    return out


def run_inverse():
    subprocess.run([f"{BUILD}/clean/tamis-clean", "inverse", "--no-store", "-q", "--state", path("state.json"),
                    path("out.arrow"), "-o", path("back.arrow")], check=True)


def there_and_back(columns, step, names, tolerance=1e-9):
    fit(f"columns={','.join(names)} {step}")
    run_inverse()
    back, before = read("back.arrow"), read("data.arrow")
    for name in names:
        same = back.schema.field(name).type == before.schema.field(name).type
        check(f"{step} and back, {name}, {back.schema.field(name).type}",
              apart(numbers(back[name]), columns[name]) if same else np.inf, tolerance)


def ranks_back(columns):
    """Ranks lose what lies between two quantiles: the same loss as theirs."""
    names = ["normal", "few", "signed"]
    for distribution in "uniform", "normal":
        fit(f"columns={','.join(names)} method=quantile quantiles=100 distribution={distribution}")
        run_inverse()
        peer = sk.QuantileTransformer(n_quantiles=100, output_distribution=distribution, subsample=None)
        theirs = peer.inverse_transform(peer.fit_transform(matrix(columns, names)))
        for i, name in enumerate(names):
            check(f"quantile {distribution} and back, {name}", apart(numbers(read("back.arrow")[name]), theirs[:, i]),
                  1e-9)


def scalers(columns):
    scaler(columns, "method=standard", sk.StandardScaler())
    scaler(columns, "method=standard center=false", sk.StandardScaler(with_mean=False))
    scaler(columns, "method=standard spread=false", sk.StandardScaler(with_std=False))
    scaler(columns, "method=minmax", sk.MinMaxScaler())
    scaler(columns, "method=minmax low=-1 high=3", sk.MinMaxScaler((-1, 3)))
    scaler(columns, "method=maxabs", sk.MaxAbsScaler())
    scaler(columns, "method=robust", sk.RobustScaler())
    scaler(columns, "method=robust unit_variance=true lower=0.1 upper=0.8",
           sk.RobustScaler(quantile_range=(10, 80), unit_variance=True))
    full = ["skewed", "whole", "few"]
    scaler(columns, "method=binarize threshold=2", sk.Binarizer(threshold=2), full)
    for norm in "l1", "l2", "max":
        scaler(columns, f"method=rows norm={norm}", sk.Normalizer(norm), full)
    for distribution in "uniform", "normal":
        for count in 1000, 37:
            scaler(columns, f"method=quantile distribution={distribution} quantiles={count}",
                   sk.QuantileTransformer(n_quantiles=count, output_distribution=distribution, subsample=None))


def narrow_output(columns):
    out, _ = fit("columns=narrow method=standard dtype=float32")
    assert out.schema.field("narrow").type == pa.float32()
    theirs = sk.StandardScaler().fit_transform(columns["narrow"][:, None])[:, 0]
    check("float32", apart(numbers(out["narrow"]), theirs.astype(np.float32).astype(float)), 1.2e-7)


def powers(columns):
    for power, names in (("yeo-johnson", ["normal", "skewed", "signed", "whole"]), ("box-cox", ["skewed", "few"])):
        out, learned = fit(f"columns={','.join(names)} method=power power={power}")
        peer = sk.PowerTransformer(power).fit(matrix(columns, names))
        for i, name in enumerate(names):
            x, ours = columns[name], learned["columns"][name]
            check(f"{power}, lambda of {name}", abs(ours["lambda"] - peer.lambdas_[i]), 1e-6)
            known = x[~np.isnan(x)]
            transform = stats.yeojohnson if power == "yeo-johnson" else stats.boxcox
            y = np.full_like(x, np.nan)
            y[~np.isnan(x)] = transform(known, ours["lambda"])
            y = sk.StandardScaler().fit_transform(y[:, None])[:, 0]
            check(f"{power}, {name} at that lambda", apart(numbers(out[name]), y))
            likelihood = stats.yeojohnson_llf if power == "yeo-johnson" else stats.boxcox_llf
            worse = likelihood(peer.lambdas_[i], known) - likelihood(ours["lambda"], known)
            check(f"{power}, {name}: their likelihood above ours", worse, 1e-7)


def bins(columns):
    for edges in "uniform", "quantile":
        for count in 5, 17:
            names = ["skewed", "whole", "few"]
            out, learned = fit(f"columns={','.join(names)} method=bin bins={count} edges={edges}")
            peer = sk.KBinsDiscretizer(count, encode="ordinal", strategy=edges, quantile_method="linear",
                                       subsample=None)
            theirs = peer.fit_transform(matrix(columns, names))
            for i, name in enumerate(names):
                check(f"bin {edges} {count}, edges of {name}",
                      apart(np.array(learned["columns"][name]["edges"]), peer.bin_edges_[i]))
                check(f"bin {edges} {count}, {name}", float((numbers(out[name]) != theirs[:, i]).mean()), 0)


def categories():
    random = np.random.default_rng(5)
    words = random.choice(["red", "green", "blue", "Ärger", ""], 4000, p=[0.4, 0.3, 0.2, 0.09, 0.01])
    sizes = random.integers(-3, 12, 4000)
    flags = random.random(4000) > 0.5
    batch = pa.record_batch({"word": pa.array(words.tolist()), "size": pa.array(sizes, pa.int16()),
                             "flag": pa.array(flags), "dictionary": pa.array(words.tolist()).dictionary_encode()})
    with pa.ipc.new_file(path("data.arrow"), batch.schema) as file:
        file.write_batch(batch)
    objects = np.array(list(zip(words, sizes, flags, words)), dtype=object)
    out, _ = fit("columns=word,size,flag,dictionary method=ordinal")
    theirs = sk.OrdinalEncoder().fit_transform(objects)
    for i, name in enumerate(("word", "size", "flag", "dictionary")):
        check(f"ordinal, {name}", float((numbers(out[name]) != theirs[:, i]).sum()), 0)
    for step, peer in (("", sk.OneHotEncoder()), ("drop=first", sk.OneHotEncoder(drop="first")),
                       ("drop=binary", sk.OneHotEncoder(drop="if_binary")),
                       ("least_count=300", sk.OneHotEncoder(min_frequency=300)),
                       ("most_categories=3", sk.OneHotEncoder(max_categories=3))):
        out, _ = fit(f"columns=word,size,flag,dictionary method=one-hot {step}")
        theirs = peer.fit_transform(objects).toarray()
        ours = np.column_stack([numbers(out[name]) for name in out.schema.names])
        check(f"one-hot {step}, {ours.shape[1]} columns",
              float((ours != theirs).sum()) if ours.shape == theirs.shape else np.inf, 0)
    for step in "method=ordinal", "method=one-hot", "method=one-hot drop=first":
        fit(f"columns=word,size,flag,dictionary {step}")
        run_inverse()
        same = all(read("back.arrow")[name].to_pylist() == read("data.arrow")[name].to_pylist()
                   for name in ("word", "size", "flag", "dictionary"))
        check(f"{step} and back", 0 if same else np.inf, 0)


def large():
    """Numbers of float32 far from zero: a sum in float32 would be lost."""
    x = (16000000 + np.arange(3000000) % 3).astype(np.float32)
    with pa.ipc.new_file(path("data.arrow"), pa.schema([("x", pa.float32())])) as out:
        for at in range(0, len(x), 65536):
            out.write_batch(pa.record_batch([pa.array(x[at:at + 65536])], names=["x"]))
    out, _ = fit("columns=x")
    check("3,000,000 float32 around 1.6e7", apart(numbers(out["x"]), stats.zscore(x.astype(float))), 1e-9)


def main():
    columns = table()
    write(columns, "data.arrow")
    scalers(columns)
    narrow_output(columns)
    powers(columns)
    bins(columns)
    everything = list(columns)
    for step in ("method=standard", "method=minmax low=-2 high=5", "method=robust", "method=maxabs"):
        there_and_back(columns, step, everything)
    there_and_back(columns, "method=log", ["normal", "signed", "whole"])
    there_and_back(columns, "method=power", ["normal", "skewed", "signed", "whole"])
    there_and_back(columns, "method=power power=box-cox", ["skewed", "few"])
    ranks_back(columns)
    categories()
    large()
    print(f"{wrong} wrong")
    return wrong > 0


sys.exit(main())
