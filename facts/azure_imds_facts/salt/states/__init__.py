# SPDX-License-Identifier: Apache-2.0
"""State modules, which Salt loads file by file."""
