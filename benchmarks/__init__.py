# SPDX-License-Identifier: Apache-2.0
"""Measure this project beside what a user would pick instead. `make bench`, or `python -m benchmarks --help`."""
