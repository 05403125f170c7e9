# SPDX-License-Identifier: Apache-2.0
"""The documentation against the program."""
