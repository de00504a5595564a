"""The works of the table that is kept in README.md, and their sizes. None: the work's own size."""

# Sizes of the goals: the whole table within 25 minutes on two idle cores, 5 runs each.
ISSUE = {"csv_numbers": 512, "csv_text": 256, "jsonl": 256, "clean_chain": 10000000, "tensors": 2000,
         "point_in_time": 5000000, "lookup": 1000000, "zscore": 100000000, "picture_hashes": 2000,
         "documents": 1000000, "near_documents": 20000, "whole_pipe": 512}
# Seconds: does every work run, do all agree? No time of it means anything.
TINY = {"csv_numbers": 1, "csv_text": 1, "jsonl": 1, "clean_chain": 3000, "tensors": 40, "point_in_time": 5000,
        "lookup": 2000, "zscore": 160000, "picture_hashes": 40, "documents": 2000, "near_documents": 300,
        "whole_pipe": 1}
# What grows 1, 4, 16, 64 times: the smallest takes long enough to measure, the largest seconds.
GROWN = {"csv_numbers": 8, "csv_text": 8, "jsonl": 8, "clean_chain": 100000, "tensors": 60, "point_in_time": 200000,
         "zscore": 2000000, "picture_hashes": 100, "documents": 20000, "near_documents": 2000, "whole_pipe": 8}
PROFILED = {"csv_numbers": 512, "csv_text": 256, "jsonl": 256, "clean_chain": 2000000, "tensors": 1000,
            "point_in_time": 5000000, "lookup": 1000000, "zscore": 100000000, "picture_hashes": 1000,
            "documents": 500000, "near_documents": 20000, "whole_pipe": 256}
PRESETS = {"issue": ISSUE, "tiny": TINY}
