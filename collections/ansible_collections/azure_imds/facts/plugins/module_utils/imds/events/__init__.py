# SPDX-License-Identifier: Apache-2.0
"""Scheduled events: the maintenance that Azure has planned for this VM.

Nothing here travels with the facts module, which summarizes events by `extra_categories`.
"""
