# SPDX-License-Identifier: Apache-2.0
"""Find out why there are no facts: one check a question, each with what to do about its answer."""
