# SPDX-License-Identifier: Apache-2.0
"""The collection's role and plays, run by real Ansible."""
