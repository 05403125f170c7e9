# SPDX-License-Identifier: Apache-2.0
"""Runners, which Salt loads file by file on a master."""
