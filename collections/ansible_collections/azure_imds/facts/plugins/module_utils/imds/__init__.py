# SPDX-License-Identifier: Apache-2.0
"""Fetch Azure's Instance Metadata Service (IMDS) and spell what it says as facts.

The core of azure-imds-facts: the standard library alone, relative imports alone, Python 3.8 and later, so that the
same files run inside an Ansible target, a Salt minion, the command line and a single-file program.
"""
