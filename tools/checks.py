"""The repository checks that `make test` runs beside the notebooks. Each returns its problems as a list of lines."""
import filecmp
import functools
import importlib
import inspect
import json
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import is_dataclass
from pathlib import Path

from fastcore.docments import docments

import readme

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
DIRECTIVES = {'default_exp', 'export', 'exports', 'exporti', 'hide', 'slow', 'gpu', 'hide_input', 'eval:', 'echo:',
              'code-fold:'}
WORDS_PER_LINE = 3  # the least prose a chapter may have for each line of its code
CODE_CELLS_IN_A_ROW = 5


def files():
    "The files of the repository: tracked, or new and not ignored; without git, all but the built ones."
    listed = subprocess.run(['git', 'ls-files', '-zco', '--exclude-standard'], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode == 0:
        return [ROOT / f for f in listed.stdout.split('\0') if f and (ROOT / f).is_file()]
    built = {'.venv', 'out', '_build', 'node_modules', '.chapters', '__pycache__'}
    return [p for p in ROOT.rglob('*') if p.is_file() and not built & set(p.relative_to(ROOT).parts)]


def notebooks():
    return [p for p in files() if p.suffix == '.ipynb']


@functools.cache
def cells(path):
    return json.loads(path.read_text(encoding='utf-8'))['cells']


def code_lines(cell):
    lines = ''.join(cell['source']).splitlines()
    return [line for line in lines if line.strip() and not line.lstrip().startswith('#|')]


@functools.cache
def rebuilt():
    "A copy of the repository in which `nbdev_clean` and `nbdev_export` have run."
    copy = Path(tempfile.mkdtemp(prefix='occnet check ')) / 'occnet'
    for path in files():
        target = copy / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    for command in ('nbdev_clean', 'nbdev_export'):
        subprocess.run([BIN / command], cwd=copy, check=True, capture_output=True)
    return copy


def differing(pattern):
    copy = rebuilt()
    names = {p.relative_to(ROOT) for p in files()} | {p.relative_to(copy) for p in copy.rglob('*')}
    names = {n for n in names if n.match(pattern) and '__pycache__' not in n.parts and (n.parts[0] != '.chapters')}
    return [str(n) for n in sorted(names) if not ((ROOT / n).is_file() and (copy / n).is_file()
            and filecmp.cmp(ROOT / n, copy / n, shallow=False))]


def export_in_sync():
    "the package is what the notebooks export (nbdev_export leaves no diff)"
    return [f'{n}: run nbdev_export' for n in differing('occnet/**/*.py') + differing('occnet/*.py')]


def notebooks_clean():
    "the notebooks are clean (nbdev_clean leaves no diff)"
    return [f'{n}: run nbdev_clean' for n in differing('nbs/**/*.ipynb') + differing('nbs/*.ipynb')]


def notebooks_small():
    "no notebook over 1 MB, no figure over 150 KB"
    problems = [f'{p.name}: {p.stat().st_size / 1e6:.2f} MB' for p in notebooks() if p.stat().st_size > 1_000_000]
    for path in notebooks():
        for i, cell in enumerate(cells(path)):
            size = len(json.dumps(cell.get('outputs', [])))
            if size > 150_000:
                problems.append(f'{path.name} cell {i}: outputs of {size / 1e3:.0f} kB')
    return problems


def outputs_portable():
    "no widget state, no stored error, no plotly.js and no HTML in an output"
    problems = []
    for path in notebooks():
        if 'widgets' in json.loads(path.read_text(encoding='utf-8'))['metadata']:
            problems.append(f'{path.name}: saved widget state')
        for i, cell in enumerate(cells(path)):
            for out in cell.get('outputs', []):
                if out['output_type'] == 'error':
                    problems.append(f'{path.name} cell {i}: a stored error')
                if 'text/html' in out.get('data', {}):
                    problems.append(f'{path.name} cell {i}: HTML in an output')
                if 'Plotly.newPlot' in json.dumps(out):
                    problems.append(f'{path.name} cell {i}: plotly.js in an output')
    return problems


def directives_well_formed():
    "nbdev directives are known and open their cell"
    problems = []
    for path in notebooks():
        for i, cell in enumerate(cells(path)):
            if cell['cell_type'] != 'code':
                continue
            lines = ''.join(cell['source']).splitlines()
            opening = next((k for k, line in enumerate(lines) if not line.startswith('#|')), len(lines))
            for k, line in enumerate(lines):
                if not re.match(r'\s*#\s*\|', line):
                    continue
                if k >= opening or not line.startswith('#| '):
                    problems.append(f'{path.name} cell {i}: {line.strip()!r} does not open the cell, nbdev ignores it')
                elif line[3:].split()[0] not in DIRECTIVES:
                    problems.append(f'{path.name} cell {i}: unknown directive {line!r}')
    return problems


def house_style():
    "chapters have prose around their code"
    problems = []
    empty = [p for p in notebooks() if not all(''.join(cell['source']).strip() for cell in cells(p))]
    problems += [f'{path.name}: an empty cell' for path in empty]
    for path in [p for p in notebooks() if p.parent.name != 'solutions']:
        words = lines = row = longest = 0
        for cell in cells(path):
            if cell['cell_type'] == 'code':
                lines += len(code_lines(cell))
                row += 1
                longest = max(longest, row)
            else:
                words += len(''.join(cell['source']).split())
                row = 0
        if lines and words / lines < WORDS_PER_LINE:
            problems.append(f'{path.name}: {words / lines:.1f} words of prose for each line of code')
        if longest > CODE_CELLS_IN_A_ROW:
            problems.append(f'{path.name}: {longest} code cells in a row without a sentence')
    return problems


def undocumented(function, name):
    "Arguments of a function without a comment of their own."
    told = docments(function, full=True)
    arguments = [p for p in inspect.signature(function).parameters.values()
                 if p.name not in ('self', 'cls') and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    bare = [a.name for a in arguments if not (told.get(a.name) or {}).get('docment')]
    return [f'{name}: argument `{a}` has no comment' for a in bare]


def symbols_documented():
    "every exported public symbol has a docstring, and a comment on each argument"
    problems = []
    sys.path.insert(0, str(ROOT))
    for path in sorted((ROOT / 'occnet').glob('*.py')):
        if path.stem.startswith('_'):
            continue
        module = importlib.import_module(f'occnet.{path.stem}')
        for name in getattr(module, '__all__', []):
            symbol, label = getattr(module, name), f'occnet.{path.stem}.{name}'
            own = getattr(symbol, '__module__', '') == module.__name__  # an alias is documented by its library
            if not (inspect.isfunction(symbol) or inspect.isclass(symbol)) or name.startswith('_') or not own:
                continue
            if not (symbol.__doc__ or '').strip() or (is_dataclass(symbol) and symbol.__doc__.startswith(f'{name}(')):
                problems.append(f'{label}: no docstring')
            if inspect.isfunction(symbol):
                problems += undocumented(inspect.unwrap(symbol), label)
            elif not is_dataclass(symbol) and '__init__' in vars(symbol):
                problems += undocumented(symbol.__init__, label)
    return problems


def links_resolve():
    "relative links lead somewhere"
    problems = []
    for path in files():
        if path.suffix == '.ipynb':
            text = '\n'.join(''.join(c['source']) for c in cells(path) if c['cell_type'] == 'markdown')
        elif path.suffix == '.md':
            text = path.read_text(encoding='utf-8')
        else:
            continue
        text = re.sub(r'```.*?```|`[^`\n]*`', '', text, flags=re.S)
        for target in re.findall(r'\]\(([^)\s]+)', text):
            if not re.match(r'[a-z]+:|#', target) and not (path.parent / target.split('#')[0]).exists():
                problems.append(f'{path.relative_to(ROOT)}: {target} does not exist')
    return problems


def readme_in_sync():
    "README.md is what the index notebook says"
    return [] if readme.build(write=False) else ['README.md: run `python tools/readme.py`']


def ruff_clean():
    "ruff has nothing to say"
    command = [BIN / 'ruff', 'check', '--no-cache', '--output-format', 'concise', '.']
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return [] if done.returncode == 0 else done.stdout.splitlines()


def slides_complete():
    "every figure and table of the slides is in the book"
    done = subprocess.run([sys.executable, 'slides/build.py', '--check'], cwd=ROOT, capture_output=True, text=True)
    return [] if done.returncode == 0 else done.stderr.splitlines()[-12:]


CHECKS = [export_in_sync, notebooks_clean, notebooks_small, outputs_portable, directives_well_formed, house_style,
          symbols_documented, links_resolve, readme_in_sync, slides_complete, ruff_clean]
