"""The whole suite: `nbdev_test` over the book, then the repository checks; the last line is `N passed, M failed`.

    python tools/suite.py                # everything
    python tools/suite.py --checks-only  # the repository checks alone
    python tools/suite.py nbs/1*.ipynb   # some chapters, without the checks
"""
import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import checks

ROOT = Path(__file__).resolve().parent.parent
MINUTES = 30  # nbdev_test has no limit of its own; a hanging chapter must not hang the suite


def chapters():
    "Every notebook that nbdev_test will execute."
    return sorted(p for p in (ROOT / 'nbs').rglob('*.ipynb') if not any(s.startswith(('.', '_')) for s in p.parts[-3:]))


def run_notebooks(notebooks):
    "Execute notebooks with nbdev_test; return the names that failed."
    environment = {**os.environ, 'OMP_NUM_THREADS': '1', 'TQDM_DISABLE': '1', 'TOKENIZERS_PARALLELISM': 'false'}
    command = [Path(sys.executable).parent / 'nbdev_test', '--timing']
    commands = [command] if notebooks is None else [[*command, '--path', p] for p in notebooks]
    failed = []
    for command in commands:
        try:
            done = subprocess.run(command, cwd=ROOT, env=environment, text=True, capture_output=True,
                                  timeout=60 * MINUTES)
        except subprocess.TimeoutExpired:
            print(f'The notebooks took more than {MINUTES} minutes: stopped.')
            return [p.name for p in notebooks or chapters()]
        print(done.stdout, end='')
        if done.returncode:
            print(done.stderr)
            listed = done.stderr.rsplit('=' * 50, 1)[-1].split() if '=' * 50 in done.stderr else []
            failed += listed or [str(command[-1])]
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('notebooks', nargs='*', type=Path, help='only these notebooks')
    parser.add_argument('--checks-only', action='store_true', help='only the repository checks')
    args = parser.parse_args()
    passed = failed = 0
    start = time.perf_counter()
    if not args.checks_only:
        names = [p.name for p in args.notebooks or chapters()]
        print(f'nbdev_test: {len(names)} notebooks', flush=True)
        bad = run_notebooks(args.notebooks or None)
        failed += len(bad)
        passed += len(names) - len(bad)
        for name in bad:
            print(f'FAILED notebook {name}')
    if not args.notebooks:
        for check in checks.CHECKS:
            problems = check()
            print(f'{"FAILED" if problems else "ok    "} check  {check.__doc__}', flush=True)
            for problem in problems[:20]:
                print(f'         {problem}')
            failed += bool(problems)
            passed += not problems
    print(f'{time.perf_counter() - start:.0f} s')
    print(f'{passed} passed, {failed} failed')
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
