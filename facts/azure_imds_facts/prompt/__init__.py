# SPDX-License-Identifier: Apache-2.0
"""What helps at the prompt: completion for shells and the man page. scripts/render-prompt.py makes them."""
