"""Write README.md from `nbs/index.ipynb`: its text, its code, and the output the code really gave.

    python tools/readme.py

Pictures of the notebook become files in `nbs/images`, which GitHub shows; links are rewritten to start at the top.
"""
import base64
import json
import posixpath
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IMAGES = 'nbs/images'


def from_top(match):
    "A link that is relative to nbs/, seen from the top level."
    target = match[1]
    return match[0] if re.match(r'[a-z]+:|#', target) else f']({posixpath.normpath(posixpath.join("nbs", target))})'


def render():
    "The README's text and its pictures, as {path: bytes}."
    parts, pictures = [], {}
    for cell in json.loads((ROOT / 'nbs' / 'index.ipynb').read_text(encoding='utf-8'))['cells']:
        source = ''.join(cell['source'])
        if cell['cell_type'] == 'markdown':
            parts.append(re.sub(r'\]\(([^)\s]+)\)', from_top, source))
            continue
        if not source.startswith('#| hide'):
            parts.append(f'```python\n{source}\n```')
        for out in cell.get('outputs', []):
            if 'image/png' in out.get('data', {}):
                name = f'{IMAGES}/index-{len(pictures)}.png'
                pictures[name] = base64.b64decode(''.join(out['data']['image/png']))
                parts.append(f'![The figure that the code above draws]({name})')
            elif 'text/markdown' in out.get('data', {}):
                parts.append(re.sub(r'\]\(([^)\s]+)\)', from_top, ''.join(out['data']['text/markdown'])))
            else:
                text = ''.join(out.get('text') or out['data'].get('text/plain', ''))
                parts.append(f'```text\n{text.rstrip()}\n```')
    return '\n\n'.join(parts) + '\n', pictures


def build(write=True):
    "Write the README, or only say whether the one there is up to date."
    text, pictures = render()
    wanted = {'README.md': text.encode(), **pictures}
    current = all((ROOT / name).is_file() and (ROOT / name).read_bytes() == data for name, data in wanted.items())
    if write:
        for name, data in wanted.items():
            (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / name).write_bytes(data)
    return current


if __name__ == '__main__':
    build()
