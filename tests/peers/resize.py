#!/usr/bin/env python3
"""Tensors of pictures against Pillow and OpenCV, through the shipped commands.

    tests/peers/resize.py BUILD

Bilinear as Pillow's BILINEAR and gray as its "L" (1 of 255 levels apart: it rounds between the axes),
nearest as its NEAREST, area as OpenCV's INTER_AREA where that is installed."""

import glob
import os
import subprocess
import sys
import tempfile

import numpy as np
import pyarrow as pa
from PIL import Image

try:
    import cv2
except ImportError:
    cv2 = None
BUILD = sys.argv[1]
SHAPES = [(375, 500), (90, 61), (17, 33), (224, 224), (301, 223), (7, 5)]
SIZES = [(64, 47), (224, 224), (11, 300)]
folder = tempfile.mkdtemp()
wrong = 0


def make():
    random = np.random.default_rng(3)
    os.makedirs(folder + "/p")
    for i, (height, width) in enumerate(SHAPES):
        small = random.integers(0, 256, (max(2, height // 6), max(2, width // 6), 3), dtype=np.uint8)
        smooth = np.asarray(Image.fromarray(small).resize((width, height), Image.BICUBIC)).astype(int)
        noisy = smooth + random.integers(-9, 10, smooth.shape)
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(f"{folder}/p/{i}.png")
    subprocess.run([BUILD + "/ingest/tamis-ingest", "--no-store", "-q", folder + "/p", "-o", folder + "/p.arrow"],
                   check=True)


def ours(words, height, width, channels):
    subprocess.run([BUILD + "/clean/tamis-clean", "--no-store", "-q", folder + "/p.arrow", "-o", folder + "/t.arrow",
                    "-m", f"normalize pictures=image size={height},{width} dtype=uint8 layout=hwc fit=stretch {words}"],
                   check=True)
    column = pa.ipc.open_file(folder + "/t.arrow").read_all()["tensor"].combine_chunks()
    return column.storage.flatten().to_numpy().reshape(-1, height, width, channels).astype(int)


def check(what, found, wanted, most, mean):
    global wrong
    apart = np.abs(found - np.asarray(wanted).astype(int).reshape(found.shape))
    good = apart.max() <= most and apart.mean() <= mean
    wrong += not good
    print(f"{'ok ' if good else 'NOT'} {what}: at most {apart.max()}, {apart.mean():.4f} in the mean")


def main():
    make()
    pictures = [Image.open(path) for path in sorted(glob.glob(folder + "/p/*"))]
    for height, width in SIZES:
        by = {name: ours(f"resize={name}", height, width, 3) for name in ("area", "bilinear", "nearest")}
        gray = ours("resize=bilinear channels=gray", height, width, 1)
        for i, picture in enumerate(pictures):
            what = f"{picture.size} to {(width, height)}"
            size = (width, height)
            check("bilinear " + what, by["bilinear"][i], picture.resize(size, Image.BILINEAR), 1, 0.25)
            rows = (2 * np.arange(height) + 1) * picture.height // (2 * height)
            columns = (2 * np.arange(width) + 1) * picture.width // (2 * width)
            check("nearest " + what, by["nearest"][i], np.asarray(picture)[rows][:, columns], 0, 0)
            # Pillow adds steps up, and falls to the other side of an exact middle now and then
            check("nearest, Pillow " + what, by["nearest"][i], picture.resize(size, Image.NEAREST), 255, 1.1)
            check("gray " + what, gray[i], picture.convert("L").resize(size, Image.BILINEAR), 1, 0.3)
            if cv2 is not None and picture.height >= height and picture.width >= width:
                check("area " + what, by["area"][i],
                      cv2.resize(np.asarray(picture), size, interpolation=cv2.INTER_AREA), 1, 0.02)
    print(f"{wrong} wrong" + ("" if cv2 else "; OpenCV is not here, area was not compared"))
    return wrong > 0


sys.exit(main())
