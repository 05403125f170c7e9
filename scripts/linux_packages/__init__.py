# SPDX-License-Identifier: Apache-2.0
"""How scripts/build-packages.py makes the .deb and the .rpm."""
