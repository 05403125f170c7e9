# SPDX-License-Identifier: Apache-2.0
"""Fuzzing: `targets` are functions of bytes that raise where a promise is broken."""
