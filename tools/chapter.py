"""Edit a chapter as text: `pull` a notebook into `.chapters/`, `push` it back exported, executed and clean.

    python tools/chapter.py pull 03_sampling             # nbs/03_sampling.ipynb -> .chapters/03_sampling.py
    python tools/chapter.py push 03_sampling             # and back: export, execute, clean
    python tools/chapter.py push 03_sampling --no-run    # export only, for quick trials
    python tools/chapter.py push 14_training --flags slow  # also execute the cells marked `#| slow`

The notebook is the stored form; the text is a jupytext percent script that git ignores. A push that fails leaves the
notebook as it was.
"""
import argparse
import contextlib
import os
import re
import sys
import zlib
from collections import Counter
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbdev.clean import nbdev_clean
from nbdev.config import add_init, get_config
from nbdev.doclinks import _build_modidx
from nbdev.export import nb_export

os.environ.setdefault('OMP_NUM_THREADS', '1')  # as in the suite: small chapters side by side want one thread each
ROOT = Path(__file__).resolve().parent.parent
SKIPPED = {'slow', 'gpu', 'eval: false'}


def directives(cell):
    "The nbdev directives that open a code cell."
    found = re.match(r'(?:#\|[^\n]*\n?)*', cell.source).group(0)
    return {line[2:].strip() for line in found.splitlines()}


class ChapterClient(NotebookClient):
    "Executes a chapter as the test suite does: flagged cells are left out unless asked for."
    flags = frozenset()

    async def async_execute_cell(self, cell, cell_index, **kwargs):
        "Run one cell, or pass over it when its directive says so."
        if cell.cell_type == 'code' and directives(cell) & (SKIPPED - self.flags):
            cell.outputs, cell.execution_count = [], None
            return cell
        return await super().async_execute_cell(cell, cell_index, **kwargs)


@contextlib.contextmanager
def export_lock():
    "One export at a time: chapters share `occnet/_modidx.py`."
    import fcntl
    with open(ROOT / '.chapters' / '.lock', 'w') as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def with_neat_outputs(nb):
    "Join streams that arrived in pieces and drop what changes from run to run, so that a rerun is byte-identical."
    for cell in nb.cells:
        if cell.cell_type != 'code':
            continue
        cell.metadata.pop('execution', None)
        outputs = []
        for out in cell.outputs:
            joined = outputs and out.output_type == outputs[-1].output_type == 'stream' and out.name == outputs[-1].name
            if joined:
                outputs[-1].text += out.text
            else:
                outputs.append(out)
        cell.outputs = [o for o in outputs if not (o.output_type == 'stream' and o.name == 'stderr')]
    nb.metadata.pop('widgets', None)
    return nb


def with_steady_ids(nb):
    "Name each cell after its source, so that only the cells that were edited show up in a diff."
    seen = Counter()
    for cell in nb.cells:
        seen[cell.source] += 1
        cell.id = f'{zlib.crc32(f"{seen[cell.source]} {cell.source}".encode()):08x}'
    return nb


def pull(name):
    "Write the text form of a notebook."
    text = ROOT / '.chapters' / f'{name}.py'
    text.parent.mkdir(parents=True, exist_ok=True)
    nb = nbformat.read(ROOT / 'nbs' / f'{name}.ipynb', as_version=4)
    jupytext.write(nb, text, fmt='py:percent')
    print(text)


def push(name, run=True, flags=()):
    "Make the notebook of a text: export its module, execute it, clean it, store it."
    source, target = ROOT / '.chapters' / f'{name}.py', ROOT / 'nbs' / f'{name}.ipynb'
    if not source.exists():
        sys.exit(f'{source}: no such text. Run `pull {name}` first, or write it.')
    nb = jupytext.read(source, fmt='py:percent')
    nb.cells = [cell for cell in nb.cells if cell.source.strip()]  # from a second blank line
    nb = with_steady_ids(nb)
    nb.metadata = {'kernelspec': {'display_name': 'python3', 'language': 'python', 'name': 'python3'}}
    target.parent.mkdir(parents=True, exist_ok=True)
    previous = target.read_bytes() if target.exists() else None
    try:
        with export_lock():
            nbformat.write(nb, target)
            if any('default_exp' in cell.source for cell in nb.cells[:4]):
                nb_export(target, get_config().lib_path)
                add_init(get_config().lib_path)
                _build_modidx()
        if run:
            client = ChapterClient(nb, timeout=1800, kernel_name='python3',
                                   resources={'metadata': {'path': str(target.parent)}})
            client.flags = frozenset(flags)
            client.execute()
        nbformat.write(with_neat_outputs(nb), target)
        nbdev_clean(target)
    except BaseException as error:
        if previous is None:
            target.unlink(missing_ok=True)
        else:
            target.write_bytes(previous)
        if isinstance(error, CellExecutionError):
            sys.exit(f'{name}: a cell failed, the notebook is as it was\n{error}')
        raise
    print(f'{target.relative_to(ROOT)}: {target.stat().st_size / 1e3:.0f} kB')


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('action', choices=['pull', 'push'])
    parser.add_argument('names', nargs='+', help='chapters, without `.ipynb`')
    parser.add_argument('--no-run', action='store_true', help='do not execute the cells')
    parser.add_argument('--flags', nargs='*', default=(), help='execute these flagged cells too (slow, gpu)')
    args = parser.parse_args()
    for name in args.names:
        pull(name) if args.action == 'pull' else push(name, not args.no_run, args.flags)
