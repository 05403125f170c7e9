# SPDX-License-Identifier: Apache-2.0
"""The doctor in each situation that it is for."""
