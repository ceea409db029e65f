"""What fixing keeps: every fix applied to copies of real repositories, and what must hold then.

usage: python -m benchmarks.invariants --corpus DIR [--show]

DIR holds one folder a repository. Each is copied, checked, fixed (``--fix``, then in another copy ``--fix
--unsafe-fixes``) and checked again. Every file must still parse; a finding whose fix was applied is gone, and no other
is new; no comment is lost; bytes outside the edits are identical, in files without an edit all of them; fixing again
changes nothing. Exit status 1 if any of this fails.
"""
