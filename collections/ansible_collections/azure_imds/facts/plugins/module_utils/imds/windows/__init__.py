# SPDX-License-Identifier: Apache-2.0
"""What is different on Windows. Nothing here is imported anywhere else, and no module of Ansible carries it along."""
